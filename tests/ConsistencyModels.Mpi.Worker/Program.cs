using System.Globalization;
using ConsistencyModels.Mpi.Worker;

// One of the processes that the tests of MPI start: does what it is told and says in one line what came of it.
return args switch
{
    ["alone"] => Launching.Alone(),
    ["refused"] => Launching.Refused(),
    ["twice"] => Launching.Twice(),
    ["sums"] => Sums.Small(),
    ["bits"] => Sums.Bits(),
    ["broadcast"] => Sums.Broadcast(),
    ["any"] => Sums.Any(),
    ["end", var file] => Launching.End(file),
    ["large"] => Sums.Large(),
    ["threads", var file] => Sums.TwoThreads(file),
    ["train", var objective, var network, var batch, var steps, var threads] => Steps.Train(objective, network, Number(batch), Number(steps), Number(threads)),
    ["abort"] => Failures.WhileOthersWait(),
    ["abort-waiting"] => Failures.WhileItsOwnThreadWaits(),
    ["throw"] => Failures.AnException(),
    ["exit"] => Failures.WithoutAWord(),
    ["null"] => Failures.NullReference(),
    _ => Unknown(args),
};

static int Unknown(string[] args)
{
    Console.Error.WriteLine($"'{string.Join(' ', args)}': no such thing to do");
    return 2;
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
