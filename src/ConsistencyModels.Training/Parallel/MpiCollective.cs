using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace ConsistencyModels.Training.Parallel;

/// <summary>
/// Processes that mpirun of Open MPI started, on one machine or many. Any thread may call, but only one at a time, as steps of a run
/// do that go on after an await. Every process makes the same calls in the same order; sums have the same bits in every process.
/// </summary>
/// <remarks>
/// A process that fails must say so by <see cref="Fail"/> before this is disposed of, as <see cref="Run"/> does: disposing waits for the
/// others, and they wait for its next sum. One that just exits is noticed by mpirun, which ends the others.
/// </remarks>
public sealed unsafe class MpiCollective : ICollective, IDisposable
{
    // MPI's working memory is as large as a message.
    private const int Piece = 1 << 20;
    private readonly OpenMpi _mpi;
    private int _busy;
    private bool _ended;

    private MpiCollective(OpenMpi mpi)
    {
        _mpi = mpi;
        (Rank, Count) = (mpi.Rank(), mpi.Count());
    }

    /// <summary>
    /// Whether a launcher started this process as one of several, told from its environment: mpirun of Open MPI, or a scheduler that
    /// speaks PMIx (srun --mpi=pmix). Also true for several processes of MPICH's mpirun, which <see cref="Start"/> refuses: without a
    /// word each of them would do the whole work. False: use <see cref="SingleProcess"/>; no MPI is needed then.
    /// </summary>
    public static bool IsLaunched => IsLaunchedIn(Environment.GetEnvironmentVariable);

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>Starts MPI: once in the life of a process.</summary>
    /// <returns>The processes; dispose of it when every process's work is done.</returns>
    /// <exception cref="ConsistencyModelsException">Open MPI is not installed or does not start, or another MPI's launcher was used.</exception>
    /// <exception cref="InvalidOperationException">The process was not launched as one of several, or MPI was started before.</exception>
    public static MpiCollective Start()
    {
        if (!IsLaunched)
        {
            throw new InvalidOperationException("This process was not started by mpirun.");
        }

        if (RefusalIn(Environment.GetEnvironmentVariable) is { } refusal)
        {
            throw new ConsistencyModelsException(refusal);
        }

        var mpi = OpenMpi.Load();
        if (mpi.WasStarted())
        {
            throw new InvalidOperationException("MPI was started before; it cannot be started twice in one process.");
        }

        var threads = mpi.Start(OpenMpi.Serialized);
        return threads >= OpenMpi.Serialized
            ? new(mpi)
            : throw new ConsistencyModelsException(
                FormattableString.Invariant($"{OpenMpi.Library}: found thread support {threads}, expected {OpenMpi.Serialized} (MPI_THREAD_SERIALIZED)"));
    }

    /// <summary>
    /// Does work with the others if the process was launched as one of several, and alone if not. Where the work throws among others,
    /// <see cref="Fail"/> ends the job; alone, the exception goes on to the caller.
    /// </summary>
    /// <typeparam name="T">What the work returns.</typeparam>
    /// <param name="work">What every process does: given the processes, for as long as it runs.</param>
    /// <param name="describe">One line and an exit code, 1 to 255, for what was thrown.</param>
    /// <returns>What the work returned, after every process's work is done.</returns>
    /// <exception cref="ConsistencyModelsException">As for <see cref="Start"/>.</exception>
    public static T Run<T>(Func<ICollective, T> work, Func<Exception, (string Message, int Code)> describe)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(describe);
        if (!IsLaunched)
        {
            return work(new SingleProcess());
        }

        using var processes = Start();
        try
        {
            return work(processes);
        }
        catch (Exception e)
        {
            var (message, code) = describe(e);
            processes.Fail(message, code);
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ConsistencyModelsException">MPI failed.</exception>
    /// <exception cref="InvalidOperationException">Another thread is in a call.</exception>
    public void Sum(Span<float> values)
    {
        using var turn = new Turn(this);
        for (; !values.IsEmpty; values = values[Math.Min(Piece, values.Length)..])
        {
            fixed (float* first = values)
            {
                _mpi.Sum(first, Math.Min(Piece, values.Length), _mpi.Float);
            }
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ConsistencyModelsException">MPI failed.</exception>
    /// <exception cref="InvalidOperationException">Another thread is in a call.</exception>
    public void Sum(Span<double> values)
    {
        using var turn = new Turn(this);
        for (; !values.IsEmpty; values = values[Math.Min(Piece, values.Length)..])
        {
            fixed (double* first = values)
            {
                _mpi.Sum(first, Math.Min(Piece, values.Length), _mpi.Double);
            }
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ConsistencyModelsException">MPI failed.</exception>
    /// <exception cref="InvalidOperationException">Another thread is in a call.</exception>
    public void Broadcast(Span<float> values)
    {
        using var turn = new Turn(this);
        for (; !values.IsEmpty; values = values[Math.Min(Piece, values.Length)..])
        {
            fixed (float* first = values)
            {
                _mpi.Broadcast(first, Math.Min(Piece, values.Length), _mpi.Float);
            }
        }
    }

    /// <summary>Waits until every process is here: what process 0 wrote before, the others may read after.</summary>
    /// <exception cref="ConsistencyModelsException">MPI failed.</exception>
    /// <exception cref="InvalidOperationException">Another thread is in a call.</exception>
    public void Barrier()
    {
        using var turn = new Turn(this);
        _mpi.Barrier();
    }

    /// <summary>
    /// Ends every process of the job, after one line "rank 2: message" to standard error. Any thread may call, even while another waits
    /// in a sum for processes that will not come.
    /// </summary>
    /// <param name="message">What went wrong.</param>
    /// <param name="code">The job's exit code, 1 to 255.</param>
    [DoesNotReturn]
    public void Fail(string message, int code)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentOutOfRangeException.ThrowIfLessThan(code, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(code, 255);

        // In one piece: other processes may be writing theirs.
        var line = string.Create(CultureInfo.InvariantCulture, $"rank {Rank}: {message.ReplaceLineEndings(" ")}\n");
        using (var error = Console.OpenStandardError())
        {
            error.Write(Encoding.UTF8.GetBytes(line));
        }

        _mpi.Abort(code);
        Environment.Exit(code);
    }

    /// <summary>Ends MPI in this process, when every other one ends it too. For a process that failed: <see cref="Fail"/>.</summary>
    public void Dispose()
    {
        if (_ended)
        {
            return;
        }

        using (new Turn(this))
        {
            // MPI does not promise that its end waits; what process 0 still writes is not to be cut off by another's exit code.
            _ended = true;
            _mpi.Barrier();
            _mpi.End();
        }
    }

    /// <summary><see cref="IsLaunched"/> in a given environment.</summary>
    internal static bool IsLaunchedIn(Func<string, string?> environment) => IsOpenMpi(environment) || ForeignCount(environment) > 1;

    /// <summary>Why a launched process cannot take part, or null.</summary>
    internal static string? RefusalIn(Func<string, string?> environment) => IsOpenMpi(environment)
        ? null
        : FormattableString.Invariant(
            $"PMI_SIZE: found {ForeignCount(environment)} processes of a launcher that is not Open MPI's, as MPICH's is; expected mpirun of Open MPI: apt-get install {OpenMpi.Package}");

    private static bool IsOpenMpi(Func<string, string?> environment) =>
        !string.IsNullOrEmpty(environment("OMPI_COMM_WORLD_SIZE")) || !string.IsNullOrEmpty(environment("PMIX_RANK"));

    private static int ForeignCount(Func<string, string?> environment) =>
        int.TryParse(environment("PMI_SIZE"), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;

    // MPI_THREAD_SERIALIZED leaves it to its caller that calls do not overlap; in what order they would pair up is anyone's guess.
    private readonly ref struct Turn
    {
        private readonly MpiCollective _owner;

        public Turn(MpiCollective owner)
        {
            ObjectDisposedException.ThrowIf(owner._ended, owner);
            if (Interlocked.Exchange(ref owner._busy, 1) != 0)
            {
                throw new InvalidOperationException("Another thread is in a call of MPI.");
            }

            _owner = owner;
        }

        public void Dispose() => Volatile.Write(ref _owner._busy, 0);
    }
}
