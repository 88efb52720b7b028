using System.CommandLine;
using ConsistencyModels.Cli.Help;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm completion</c>. The scripts ask the program itself, through System.CommandLine's <c>[suggest]</c> directive.</summary>
internal static class CompletionCommand
{
    private static readonly string[] Shells = ["bash", "zsh", "fish", "pwsh"];

    private const string Bash = """
        # Completion of cm for bash: put  source <(cm completion bash)  into ~/.bashrc
        _cm_complete() {
            local IFS=$'\n' word="${COMP_WORDS[COMP_CWORD]}"
            COMPREPLY=($(compgen -W "$(cm "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "$word"))
        }
        complete -o default -F _cm_complete cm
        """;

    private const string Zsh = """
        # Completion of cm for zsh: put  source <(cm completion zsh)  into ~/.zshrc, after compinit
        _cm_complete() {
            local -a suggestions
            suggestions=("${(@f)$(cm "[suggest:${#BUFFER}]" "$BUFFER" 2>/dev/null)}")
            compadd -- $suggestions
            _files
        }
        compdef _cm_complete cm
        """;

    private const string Fish = """
        # Completion of cm for fish: cm completion fish > ~/.config/fish/completions/cm.fish
        complete -c cm -a '(cm "[suggest:"(string length (commandline -cp))"]" (commandline -cp) 2>/dev/null)'
        """;

    private const string PowerShell = """
        # Completion of cm for PowerShell: put  cm completion pwsh | Out-String | Invoke-Expression  into $PROFILE
        Register-ArgumentCompleter -Native -CommandName cm -ScriptBlock {
            param($wordToComplete, $commandAst, $cursorPosition)
            cm "[suggest:$cursorPosition]" "$commandAst" 2>$null | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
            }
        }
        """;

    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var shell = new Argument<string>("SHELL") { HelpName = "SHELL", Description = "bash, zsh, fish or pwsh" };
        shell.CompletionSources.Add(Shells);
        shell.Validators.Add(result =>
        {
            if (!Shells.Contains(result.Tokens[^1].Value))
            {
                result.AddError($"'{result.Tokens[^1].Value}' is not a shell known here, expected {string.Join(", ", Shells)}");
            }
        });
        var command = new CliCommand(
            "completion",
            "Print a script that lets the shell complete commands and options.",
            "source <(cm completion bash)    # for this shell; the script's first line says how to keep it")
        {
            shell,
        };
        command.SetAction(result =>
        {
            context.Console.Out.WriteLine(result.GetValue(shell) switch
            {
                "bash" => Bash,
                "zsh" => Zsh,
                "fish" => Fish,
                _ => PowerShell,
            });
            return ExitCode.Fine;
        });
        return command;
    }
}
