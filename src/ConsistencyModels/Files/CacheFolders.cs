using System.Text.RegularExpressions;

namespace ConsistencyModels.Files;

/// <summary>
/// Where files are kept that are made or fetched once for a user. The library's own are under one folder; models of the Hub are in
/// huggingface_hub's, with its variables and defaults, so that both share them.
/// </summary>
public sealed partial class CacheFolders
{
    /// <summary>Names the library's own folder; the default is <c>consistency-models</c> in XDG_CACHE_HOME, ~/.cache, or %LOCALAPPDATA% on Windows.</summary>
    public const string OwnVariable = "CM_CACHE";

    /// <summary>Names the folder of packed weights, or is "off".</summary>
    public const string PackedVariable = "CM_PACKED_CACHE";

    private const string OwnName = "consistency-models";

    private CacheFolders(string? own, string? packed, string? huggingFace, string? hub)
    {
        Own = own;
        PackedWeights = packed;
        HuggingFace = huggingFace;
        Hub = hub;
    }

    /// <summary>The library's own: patched native libraries, and checkpoints from other addresses than the Hub. Null for a user without a home.</summary>
    public string? Own { get; }

    /// <summary>Weights of large networks as the engine "cpu" packs them; null if they are not kept.</summary>
    public string? PackedWeights { get; }

    /// <summary>huggingface_hub's folder (HF_HOME), which holds the access token. Null for a user without a home.</summary>
    public string? HuggingFace { get; }

    /// <summary>Models from the Hub (HF_HUB_CACHE, or hub/ in HF_HOME). Null for a user without a home.</summary>
    public string? Hub { get; }

    /// <summary>The folders that the environment variables name, else the defaults.</summary>
    /// <exception cref="ConsistencyModelsException">One of them begins with "~name".</exception>
    public static CacheFolders FromEnvironment() => Read(Environment.GetEnvironmentVariable);

    /// <summary>The folders that variables name, else the defaults.</summary>
    internal static CacheFolders Read(Func<string, string?> variable)
    {
        string? Get(string name) => Named(variable, name);

        // Where the home is not there it is made, or the failure is said: no folder is taken in its place.
        var user = Home();
        var local = OperatingSystem.IsWindows() || OperatingSystem.IsMacOS()
            ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify)
            : In(user, ".cache");
        var own = Get(OwnVariable) ?? In(Get("XDG_CACHE_HOME") ?? local, OwnName);
        var packed = variable(PackedVariable)?.ToUpperInvariant() is "OFF" or "0" or "NO" or "FALSE" ? null
            : Get(PackedVariable) ?? In(own, "packed");

        // huggingface_hub keeps to ~/.cache on every system.
        var huggingFace = Get("HF_HOME") ?? In(Get("XDG_CACHE_HOME") ?? In(user, ".cache"), "huggingface");
        return new CacheFolders(own, packed, huggingFace, Get("HF_HUB_CACHE") ?? Get("HUGGINGFACE_HUB_CACHE") ?? In(huggingFace, "hub"));
    }

    /// <summary>
    /// The full path that a variable holds. As huggingface_hub reads it: "~" at its beginning is the user's home, and $NAME, ${NAME} are
    /// variables, since it may come from a file that no shell reads. Those that are not set stay as they are.
    /// </summary>
    /// <returns>Null if the variable is not set.</returns>
    /// <exception cref="ConsistencyModelsException">It begins with "~name", the home of another user, which is not looked up.</exception>
    internal static string? Named(Func<string, string?> variable, string name)
    {
        if (variable(name) is not { Length: > 0 } value)
        {
            return null;
        }

        if (value.StartsWith('~') && value.Length > 1 && value[1] is not ('/' or '\\'))
        {
            throw new ConsistencyModelsException($"{name}: found {Printable.Quote(value)}, expected a full path: homes of other users are not looked up (./~ for a folder of such a name)");
        }

        var path = value == "~" ? Home() : value.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(Home(), value[2..]) : value;
        return Path.GetFullPath(InText().Replace(path, found => variable(found.Groups[1].Value.Trim('{', '}')) ?? found.Value));
    }

    /// <summary>
    /// Makes sure that nobody but this user and root can change what lies in a folder, or put another in its place: for what is going to be
    /// run. Root can make any folder private, and would then run what its owner puts there. Looked at on Linux and macOS; on Windows the default, in the user's own profile, is closed to others.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="ConsistencyModelsException">It, or a folder or link on the way to it, belongs to another user, or any may write there.</exception>
    public static void ThrowIfOthersMayWrite(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ThrowIfOthersMayWrite(Path.GetFullPath(folder), links: 0);
    }

    private static void ThrowIfOthersMayWrite(string folder, int links)
    {
        const int MostLinks = 40, Sticky = 0x200, OthersWrite = 0x12;
        for (var path = folder; path is not null; path = Path.GetDirectoryName(path))
        {
            if (FileFacts.Of(path, follow: false) is not { } owner)
            {
                continue;
            }

            // Who owns a link may point it elsewhere. In a folder with the sticky bit, as /tmp, everybody has only what is his.
            if (owner.User != 0 && owner.User != FileFacts.ThisUser)
            {
                throw new ConsistencyModelsException($"{path}: belongs to user {owner.User}, who could change what is run from {folder}; set {OwnVariable} to a folder of yours");
            }

            if (new FileInfo(path).LinkTarget is { } target)
            {
                if (links == MostLinks)
                {
                    throw new ConsistencyModelsException($"{path}: links lead in a circle");
                }

                ThrowIfOthersMayWrite(Path.GetFullPath(target, Path.GetDirectoryName(path) ?? path), links + 1);
            }
            else if ((owner.Mode & OthersWrite) != 0 && (owner.Mode & Sticky) == 0)
            {
                throw new ConsistencyModelsException($"{path}: other users may write here, and so change what is run from {folder}; set {OwnVariable} to a folder of yours");
            }
        }
    }

    private static string Home() => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);

    private static string? In(string? folder, string name) => string.IsNullOrEmpty(folder) ? null : Path.Combine(folder, name);

    [GeneratedRegex(@"\$([A-Za-z0-9_]+|\{[^}]*\})", RegexOptions.CultureInvariant)]
    private static partial Regex InText();
}
