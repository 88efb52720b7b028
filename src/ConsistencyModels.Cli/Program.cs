using ConsistencyModels.Cli;

using var interruption = new Interruption();
return new CommandLineApp(CliConsole.OfProcess(), interruption.Token, interruption.TakeTime).Run(args);
