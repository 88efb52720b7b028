using System.Security.Cryptography;
using ConsistencyModels.Files;

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
    /// <param name="cache">Folder for copies; created if needed. A copy lies in a folder named by the original's hash.</param>
    /// <exception cref="ConsistencyModelsException">The library has no such need, or the copy cannot be written.</exception>
    public static string Create(string original, string cache)
    {
        try
        {
            var bytes = File.ReadAllBytes(original);
            var folder = Path.Combine(cache, Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]);
            if (!ElfSymbolVersions.MakeWeak(bytes, Version))
            {
                throw new ConsistencyModelsException($"{original}: has no need for {Version} that could be made weak; this system cannot load it");
            }

            MakePrivate(folder);
            CacheFolders.ThrowIfOthersMayWrite(folder);
            // The file keeps its name: the loader recognises a loaded library by it.
            var target = Path.Combine(folder, Path.GetFileName(original));
            if (!File.Exists(target) || !File.ReadAllBytes(target).AsSpan().SequenceEqual(bytes))
            {
                AtomicFile.WriteAllBytes(target, bytes);
            }

            return target;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException(
                $"{cache}: no copy of {Path.GetFileName(original)} for this system can be written there: {e.Message.ReplaceLineEndings(" ")}; "
                + $"set {CacheFolders.OwnVariable} to a folder of yours",
                e);
        }
    }

    private static void MakePrivate(string folder)
    {
        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsWindows())
        {
            // Also where it was there before: what lies in it is going to be run. Fails if it is another user's.
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
