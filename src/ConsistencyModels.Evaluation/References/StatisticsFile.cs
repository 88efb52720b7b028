using System.IO.Compression;
using System.Runtime.InteropServices;
using ConsistencyModels.Data.Formats;
using ConsistencyModels.Data.Sources;
using ConsistencyModels.Evaluation.Metrics;
using ConsistencyModels.Files;

namespace ConsistencyModels.Evaluation.References;

/// <summary>
/// Statistics of features in numpy's form, as openai's evaluator has them: <c>mu</c>, <c>sigma</c>, and for spatial features <c>mu_s</c>,
/// <c>sigma_s</c>. Files of this library also say of how many images (<c>count</c>) and by which extractor (<c>extractor</c>, the SHA-256).
/// </summary>
/// <param name="Features">Of the features.</param>
/// <param name="Spatial">Of the spatial features; null where the file has none.</param>
/// <param name="Extractor">SHA-256 of the extractor in hexadecimal; null where the file does not say.</param>
public sealed record StatisticsFile(FeatureStatistics Features, FeatureStatistics? Spatial = null, string? Extractor = null)
{
    private const int LargestLength = 16384;
    private const int HashBytes = 32;
    private const int MostEntries = 64;

    /// <summary>Whether a file is an .npz with statistics and without pictures.</summary>
    /// <param name="path">The file.</param>
    public static bool IsStatistics(string path)
    {
        if (!File.Exists(path) || !path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        using var archive = ZipFiles.Open(path);
        var names = ZipFiles.Entries(archive, path, MostEntries).Select(entry => entry.FullName).ToHashSet();
        return names.Contains("mu.npy") && names.Contains("sigma.npy") && !names.Contains("arr_0.npy");
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ConsistencyModelsException">It is missing or damaged, lacks an array, or one has another type or shape than expected.</exception>
    public static StatisticsFile Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var archive = ZipFiles.Open(path);
        var entries = ZipFiles.Entries(archive, path, MostEntries).ToDictionary(entry => entry.FullName);
        long? count = entries.ContainsKey("count.npy") ? (long)Array(path, entries, "count", 1)[0] : null;
        var extractor = entries.ContainsKey("extractor.npy") ? Convert.ToHexStringLower([.. Array(path, entries, "extractor", HashBytes).Select(value => (byte)value)]) : null;
        var features = Pair(path, entries, "mu", "sigma", count);
        return new(features, entries.ContainsKey("mu_s.npy") ? Pair(path, entries, "mu_s", "sigma_s", count) : null, extractor);
    }

    /// <summary>Writes a file.</summary>
    /// <param name="path">The file; what is there is replaced.</param>
    /// <exception cref="ConsistencyModelsException">It cannot be written.</exception>
    public void Save(string path) => NpzFile.Write(path, file =>
    {
        file.Add("mu", [Features.Length], Features.Mean);
        file.Add("sigma", [Features.Length, Features.Length], Features.Covariance);
        if (Spatial is not null)
        {
            file.Add("mu_s", [Spatial.Length], Spatial.Mean);
            file.Add("sigma_s", [Spatial.Length, Spatial.Length], Spatial.Covariance);
        }

        if (Features.Count is { } count)
        {
            file.Add("count", [1], [count]);
        }

        if (Extractor is not null)
        {
            file.Add("extractor", "|u1", [HashBytes], stream => stream.Write(Convert.FromHexString(Extractor)));
        }
    });

    private static FeatureStatistics Pair(string path, Dictionary<string, ZipArchiveEntry> entries, string mean, string covariance, long? count)
    {
        var mu = Array(path, entries, mean, null);
        var sigma = Array(path, entries, covariance, (long)mu.Length * mu.Length, mu.Length);
        try
        {
            return new(mu, sigma, count);
        }
        catch (ConsistencyModelsException e)
        {
            throw new ConsistencyModelsException($"{path}/{covariance}: {e.Message}", e);
        }
    }

    private static double[] Array(string path, Dictionary<string, ZipArchiveEntry> entries, string name, long? expected, int? side = null)
    {
        var full = $"{path}/{name}.npy";
        if (!entries.TryGetValue(name + ".npy", out var entry))
        {
            throw new ConsistencyModelsException($"{path}: has no array {name}; expected mu and sigma, or pictures as arr_0, among {string.Join(", ", entries.Keys.Select(Printable.Quote))}");
        }

        return DataStreams.Guard(full, () =>
        {
            var bytes = ZipFiles.LengthOf(entry, full, (long)LargestLength * LargestLength * sizeof(double), LinkEnd.InfoOf(path).Length);
            using var stream = entry.Open();
            var header = NpyHeader.Read(stream, full);
            var length = header.Shape.Aggregate(1L, (a, b) => b is >= 0 and <= int.MaxValue && a <= int.MaxValue ? a * b : long.MaxValue);
            var words = string.Join(" x ", header.Shape);
            if (side is { } n ? header.Shape is not [var rows, var columns] || rows != n || columns != n : header.Shape.Length != 1 || length is < 1 or > LargestLength || (expected is not null && length != expected))
            {
                throw new ConsistencyModelsException($"{full}: is {words}, expected {(side is { } m ? $"{m} x {m}, as mu says" : expected is { } one ? $"{one}" : $"one dimension of 1 to {LargestLength}")}");
            }

            var (size, read) = header.Type switch
            {
                "<f8" => (8, (Func<byte[], int, double>)((data, i) => BitConverter.ToDouble(data, i * 8))),
                "<f4" => (4, (data, i) => BitConverter.ToSingle(data, i * 4)),
                "<i8" => (8, (data, i) => BitConverter.ToInt64(data, i * 8)),
                "|u1" => (1, (data, i) => data[i]),
                _ => throw new ConsistencyModelsException($"{full}: has numbers of type {Printable.Quote(header.Type)}; expected '<f8' or '<f4'"),
            };
            if (length * size > bytes)
            {
                throw new ConsistencyModelsException($"{full}: the header says {words} numbers, more than its {bytes} bytes can hold");
            }

            var raw = new byte[length * size];
            DataStreams.ReadExactly(stream, raw, full, "its numbers");
            if (header.Type == "<f8")
            {
                return MemoryMarshal.Cast<byte, double>(raw).ToArray();
            }

            var values = new double[length];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = read(raw, i);
            }

            return values;
        });
    }
}
