using System.CommandLine;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Evaluation.Pictures;

namespace ConsistencyModels.Cli.Evaluating;

/// <summary>Which pictures of the reference take part, where a command has a <c>--reference</c>.</summary>
internal sealed class ReferenceArguments
{
    private readonly Option<string?> _split = Options.Text("--reference-split", "Which part of it: train, test, ...; default: train where there are parts", "NAME");
    private readonly Option<string?> _classes = Options.Text("--reference-classes", "Which of its folders are which classes, as cm train --classes had it; others are left out", "MAP");
    private readonly Option<bool> _native = Options.Switch("--native-size-only", "Leave out its pictures of another size, as cm train did, and crop none");
    private readonly Option<string?> _background = CommonOptions.Background();

    /// <summary>Adds them to a command.</summary>
    public void AddTo(CliCommand command) => command.AddGroup("Which pictures of the reference", [_split, _classes, _native, _background]);

    /// <summary>What was said.</summary>
    /// <exception cref="ConsistencyModelsException">The map of classes is a file that cannot be read.</exception>
    public PictureSelection Read(ParseResult result) => new()
    {
        Split = result.GetValue(_split),
        ClassMap = ClassMapWords.Read("--reference-classes", result.GetValue(_classes)),
        NativeSizeOnly = result.GetValue(_native),
        Background = CommonOptions.ColorOf(result.GetValue(_background)),
    };
}
