using System.Security.Cryptography;

namespace ConsistencyModels.Torch.Native;

/// <summary>
/// A copy of libLibTorchSharp.so that loads on systems whose libstdc++ is older than the one it was built with
/// (Debian 12, Ubuntu 22.04). The one symbol of version GLIBCXX_3.4.32 in it is a mark that including &lt;iostream&gt;
/// leaves; nothing calls it, so the need for that version may be weak.
/// </summary>
internal static class PatchedLibrary
{
    private const string Version = "GLIBCXX_3.4.32";

    /// <summary>Whether a loader's message says that this version is what is missing.</summary>
    public static bool Helps(string loaderMessage) => loaderMessage.Contains(Version, StringComparison.Ordinal);

    /// <summary>Writes the copy once to a folder only this user can enter, and returns its path.</summary>
    /// <param name="original">The library as shipped.</param>
    /// <param name="cache">Folder for copies; created if needed.</param>
    public static string Create(string original, string cache)
    {
        var bytes = File.ReadAllBytes(original);
        var folder = Path.Combine(cache, Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]);
        // The file keeps its name: the loader recognises a loaded library by it.
        var target = Path.Combine(folder, Path.GetFileName(original));
        if (!ElfSymbolVersions.MakeWeak(bytes, Version))
        {
            throw new ConsistencyModelsException($"{original}: has no need for {Version} that could be made weak; this system cannot load it");
        }

        if (File.Exists(target) && File.ReadAllBytes(target).AsSpan().SequenceEqual(bytes))
        {
            return target;
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var temporary = $"{target}.{Environment.ProcessId}.tmp";
        File.WriteAllBytes(temporary, bytes);
        File.Move(temporary, target, overwrite: true);
        return target;
    }
}
