using System.CommandLine;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Cli.Serving;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm serve</c>.</summary>
internal static class ServeCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var engine = new EngineArguments(context.Engines, chunk: false);
        var models = new Argument<string[]>("models")
        {
            Description = "More models, or several in place of --model: NAME=MODEL, or MODEL called by its own name; the first is the default",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var host = Options.Text("--host", "The address to listen on; default: 127.0.0.1, this machine alone; 0.0.0.0 is all of its addresses", "ADDRESS");
        var port = Options.Whole("--port", "The port; 0 for any free one; default: 8080", 0, 65535);
        var keys = Options.Text("--api-keys", "A file with a key on each line: every request must then have one of them", "FILE");
        var onDemand = Options.Switch("--on-demand", "Load a model when it is first asked for, not before the server is ready");
        var memory = Options.Whole("--models-memory", "Most MiB of weights in memory; the models used longest ago make room; default: no limit", 1, 1 << 24, "MIB");
        var requests = Options.Whole("--max-requests", "Requests in the server at once, beyond which they are sent away with 429; default: 256", 1, 10_000);
        var timeout = Options.Time("--timeout", "The longest a request may take; default: 2m");
        var drain = Options.Time("--drain-delay", "How long it still takes requests after SIGTERM while it says that it is not ready, for a load balancer to notice; default: 0");
        var config = Options.Text("--config", "A JSON file with the section \"ConsistencyModels\": every option there is (docs/serving.md)", "FILE");
        var noPage = Options.Switch("--no-page", "Without the page to play with");
        var quiet = Options.Switch("--quiet", "Print nothing but errors", "-q");
        var command = new CliCommand(
            "serve",
            "Serve models over HTTP, with a page to play with: requests are drawn together, each gets what it would get alone.",
            "cm serve                                    # the bundled model; the page is at http://127.0.0.1:8080/",
            "cm serve -m openai/diffusers-cd_imagenet64_l2 --host 0.0.0.0 --api-keys keys.txt",
            "cm serve small=models/a large=models/b --on-demand --models-memory 4000",
            "curl http://127.0.0.1:8080/v1/generate -H 'Accept: image/png' --json '{\"classes\":\"book\"}' -o book.png")
        {
            models, host, port, keys, onDemand, memory, requests, timeout, drain, config, noPage, quiet,
        };
        engine.AddTo(command);
        command.SetAction(result => ServeRun.Run(context, new ServeSettings
        {
            Engine = engine.Read(result),
            Models = result.GetValue(models) ?? [],
            Host = result.GetValue(host) ?? "127.0.0.1",
            Port = result.GetValue(port) ?? 8080,
            KeyFile = result.GetValue(keys),
            OnDemand = result.GetValue(onDemand),
            MemoryMebibytes = result.GetValue(memory),
            Requests = result.GetValue(requests),
            Timeout = result.GetValue(timeout),
            DrainDelay = result.GetValue(drain),
            Config = result.GetValue(config),
            Page = !result.GetValue(noPage),
            Quiet = result.GetValue(quiet),
        }));
        return command;
    }
}
