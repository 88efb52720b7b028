using System.Diagnostics;
using ConsistencyModels.Denoising;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Server.Requests;
using ConsistencyModels.Server.Serving;
using ConsistencyModels.Server.Work;
using Microsoft.Extensions.Options;

namespace ConsistencyModels.Server.Drawing;

/// <summary>A request's way: checked, let in, its model in memory, drawn on a thread of its own, encoded.</summary>
internal sealed class DrawService(IOptions<ServerOptions> options, ModelStore models, Admission admission, ServerMetrics metrics)
{
    private readonly ServerLimits _limits = options.Value.Limits;
    private readonly WorkThreads _threads = new(idle: TimeSpan.FromSeconds(10));

    // A picture that is decoded takes many times its bytes.
    private readonly SemaphoreSlim _decoding = new(Math.Max(1, Environment.ProcessorCount));

    /// <summary>Draws.</summary>
    /// <param name="request">What.</param>
    /// <param name="watcher">Told how far it is.</param>
    /// <param name="cancellation">The client's patience: at the next network call nothing more is done.</param>
    /// <exception cref="ProblemException">Something is wrong with the request, there is no room, or the time is over (504).</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<DrawResult> DrawAsync(DrawRequest request, IDrawWatcher watcher, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var patience = request.Timeout ?? _limits.Timeout;
        timeout.CancelAfter(patience);
        try
        {
            return await DrawInTimeAsync(request, watcher, timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ProblemException(504, FormattableString.Invariant($"not done in {patience.TotalSeconds} seconds (timeout_seconds)"));
        }
        catch (NonFiniteOutputException e)
        {
            throw new ProblemException(422, e.Message);
        }
    }

    private async Task<DrawResult> DrawInTimeAsync(DrawRequest request, IDrawWatcher watcher, CancellationToken cancellation)
    {
        admission.ThrowIfDraining();
        var served = models.Find(request.Model);
        var plan = await PlanAsync(served, request, cancellation).ConfigureAwait(false);
        using var place = admission.Enter(plan.Pixels, plan.Work);
        var id = Guid.CreateVersion7().ToString("N");
        using var span = metrics.Spans.StartActivity("draw");
        var (operation, outcome, drawn, began) = (Fields.Path(request.Operation), "failed", 0, Stopwatch.GetTimestamp());
        span?.SetTag("cm.operation", operation).SetTag("cm.model", served.Id).SetTag("cm.pictures", plan.Count).SetTag("cm.steps", plan.Sampler.Steps);
        metrics.Entered();
        try
        {
            watcher.Queued(id, place.Ahead);
            using var lease = await models.RentAsync(served, cancellation).ConfigureAwait(false);
            var queued = Stopwatch.GetElapsedTime(began);
            watcher.Started(queued);
            var pictures = await _threads.Run(() => Draw(plan, lease, watcher, cancellation)).ConfigureAwait(false);
            (outcome, drawn) = ("done", pictures.Count);
            return new(id, plan, pictures, queued, Stopwatch.GetElapsedTime(began));
        }
        catch (OperationCanceledException)
        {
            outcome = "cancelled";
            throw;
        }
        finally
        {
            span?.SetTag("cm.outcome", outcome);
            metrics.Left(operation, served.Id, outcome, drawn, Stopwatch.GetElapsedTime(began));
        }
    }

    private static List<EncodedPicture> Draw(DrawPlan plan, ModelLease lease, IDrawWatcher watcher, CancellationToken cancellation)
    {
        // Its own view of the network: the requests take turns by it.
        using var network = lease.Batcher.Open();
        using var pipeline = new DiffusionPipeline(plan.Served.Model, network);
        List<EncodedPicture> pictures = [];
        foreach (var drawn in plan.Draw(pipeline, watcher, cancellation))
        {
            cancellation.ThrowIfCancellationRequested();
            pictures.Add(EncodedPicture.Of(plan, pictures.Count, drawn));
        }

        return pictures;
    }

    private async Task<DrawPlan> PlanAsync(ServedModel served, DrawRequest request, CancellationToken cancellation)
    {
        if (request.Operation == Operation.Generate)
        {
            return GeneratePlan.Make(served, request, _limits);
        }

        await _decoding.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return request.Operation == Operation.Interpolate ? InterpolatePlan.Make(served, request, _limits) : EditPlan.Make(served, request, _limits);
        }
        finally
        {
            _decoding.Release();
        }
    }
}
