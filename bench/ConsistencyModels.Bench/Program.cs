using System.Globalization;
using ConsistencyModels.Bench;
using ConsistencyModels.Bench.Engines;
using ConsistencyModels.Bench.Serving;

return args switch
{
    ["bare"] => BareTensor.Run(),
    ["peak", var program, .. var rest] => PeakOfChild.Run(program, rest),
    ["contender", .. var rest] => Contender.Run(rest),
    ["engines", .. var rest] => EnginesBench.Run(rest),
    ["threads", .. var rest] => ThreadsBench.Run(rest),
    ["startup", .. var rest] => StartupBench.Run(rest),
    ["load", .. var rest] => LoadBench.Run(rest),
    ["packing", .. var rest] => PackingBench.Run(rest),
    ["saving", .. var rest] => SavingBench.Run(rest),
    ["sampling", .. var rest] => SamplingBench.Run(rest),
    ["editing", .. var rest] => EditingBench.Run(rest),
    ["training", .. var rest] => TrainingBench.Run(rest),
    ["learning", .. var rest] => LearningBench.Run(rest),
    ["evaluation", .. var rest] => EvaluationBench.Run(rest),
    ["gradients", .. var rest] => GradientsBench.Run(rest),
    ["device", .. var rest] => DeviceBench.Run(rest),
    ["clients", var port, var count] => Load.RunClients(int.Parse(port, CultureInfo.InvariantCulture), int.Parse(count, CultureInfo.InvariantCulture)),
    ["serve", .. var rest] => ServeBench.Run(rest),
    ["abusers", var port, var atOnce] => await Abusers.RunAsync(int.Parse(port, CultureInfo.InvariantCulture), int.Parse(atOnce, CultureInfo.InvariantCulture)),
    ["abuse", .. var rest] => AbuseBench.Run(rest),
    ["first-answer", .. var rest] => FirstAnswerBench.Run(rest),
    ["checkpoint", .. var rest] => CheckpointBench.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        Programs behind the figures in docs/benchmarks.md. Each prints a section; --write FILE puts it into that file.
          engines [--quick] [--write FILE] [--json FILE] [--model tiles,imagenet64,lsun256] [--batch 1,4,16] [--threads 1,2]
                  [--contender engine,eager,channels_last,onnx,built,native] [--rounds N]    the engine, libtorch, ONNX Runtime and cm side by side
          threads [--write FILE]             what a second thread is worth, to the engine and to ONNX Runtime
          startup [--write FILE]             process start to a PNG on disk, against a bare TorchSharp program
          load [--write FILE] CONFIG         peak memory while a network of that config.json is loaded
          packing [--write FILE] CONFIG      time and memory until the CPU engine is ready, packing or mapping
          saving [--write FILE] MODEL        how much longer a call takes while packed weights are written for the first time
          sampling [--write FILE] [MODEL]    what sampling adds to the network's time at batch 16
          editing [--write FILE] [MODEL]     what an edit adds to the network's time at batch 16
          training [--write FILE] [--rounds N]   a step of training against the bare passes of libtorch; memory of a long run
          learning [--write FILE] [--rounds N]   a step of training on the CPU engine against libtorch, in turns
          evaluation [--write FILE] [--rounds N]   features against ONNX Runtime alone; a Fréchet distance of 50,000 vectors
          gradients [--write FILE] [NETWORK ...]   the published networks' gradients at batch 1: the CPU engine against libtorch; imagenet64 needs 8 GB, lsun256 more
          device DEVICE MODEL DTYPES BATCHES SECONDS FILE    a network on libtorch's device, as JSON (tools/gpu): cuda MODEL f32,bf16 1,16 0.5 rows.json
          serve [--write FILE] [KEY=VALUE... [/ KEY=VALUE...]]   a server under 32 clients against a bare loop, and a lone request; with options of the server, of several in turns
          abuse [--write FILE]               10,000 requests of bad clients
          first-answer [--write FILE] CM     from the start of cm serve to the first picture
          checkpoint CONFIG [FOLDER]         opening a .pt file, against the safetensors of the same weights
        """);
    return 2;
}
