using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace ConsistencyModels.Training.Records;

/// <summary>
/// Writes an event file of TensorBoard: scalars and pictures over a count that grows. Each process writes a file of its own; TensorBoard
/// reads those of a folder one after another, in the order of their names.
/// </summary>
/// <remarks>
/// The format: records of TFRecord (length, masked CRC-32C of it, data, masked CRC-32C of that) that hold protocol buffers of the type
/// Event, from tensorflow/core/lib/io/record_writer and tensorflow/core/util/event.proto. Not safe for use by several threads at once.
/// </remarks>
internal sealed class TensorBoardWriter : IDisposable
{
    private const string Prefix = "events.out.tfevents.";
    private readonly TimeProvider _clock;
    private readonly AppendedFile _file;

    /// <summary>Begins a file.</summary>
    /// <param name="folder">Where; it must exist.</param>
    /// <param name="firstStep">
    /// The first step that this file may have: what earlier files have from there on is no longer shown, since it comes again. This is
    /// what TensorBoard does at a session's start (SessionLog.START); it needs no change of the earlier files.
    /// </param>
    /// <param name="clock">Tells the time; the system's by default.</param>
    /// <exception cref="ConsistencyModelsException">It cannot be written.</exception>
    public TensorBoardWriter(string folder, long firstStep, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        Path = System.IO.Path.Combine(folder, NextName(folder));
        _file = new(Path, FileMode.CreateNew);
        try
        {
            Write(TensorBoardEvent.Version(Now));

            // In a run's first file too: to TensorBoard only the second start of a run is a restart.
            Write(TensorBoardEvent.Start(Now, firstStep));
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    private double Now => (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    /// <summary>Adds scalars of one step. What is not finite is left out: the curve has a gap there.</summary>
    /// <param name="step">The step, on TensorBoard's x axis.</param>
    /// <param name="values">Tags and values; a slash in a tag groups it.</param>
    /// <exception cref="ConsistencyModelsException">The disk is full, or the file cannot be written.</exception>
    public void Scalars(long step, params ReadOnlySpan<(string Tag, double Value)> values) => Write(TensorBoardEvent.Scalars(Now, step, values));

    /// <summary>Adds a picture.</summary>
    /// <param name="step">The step.</param>
    /// <param name="tag">Its name; pictures of one name are one row with a slider.</param>
    /// <param name="png">A PNG file.</param>
    /// <exception cref="ArgumentException">It is not a PNG.</exception>
    /// <exception cref="ConsistencyModelsException">The disk is full, or the file cannot be written.</exception>
    public void Image(long step, string tag, ReadOnlySpan<byte> png) => Write(TensorBoardEvent.Image(Now, step, tag, png));

    /// <summary>Puts what was added on the disk.</summary>
    /// <exception cref="ConsistencyModelsException">The disk is full, or the file cannot be written.</exception>
    public void Flush() => _file.Flush();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // The time of a name has to be later than that of every other, whatever the clock says: a file that TensorBoard has passed is not read again.
    private string NextName(string folder)
    {
        var latest = RunFile.On(folder, () => Directory.EnumerateFiles(folder, Prefix + "*").Select(Seconds).DefaultIfEmpty(0).Max());
        var seconds = Math.Max(latest + 1, _clock.GetUtcNow().ToUnixTimeSeconds());
        var host = string.Concat(Environment.MachineName.Select(c => char.IsAsciiLetterOrDigit(c) || c == '-' ? c : '_'));
        return string.Create(CultureInfo.InvariantCulture, $"{Prefix}{seconds:D10}.{host}");
    }

    private static long Seconds(string path) =>
        int.TryParse(System.IO.Path.GetFileName(path)[Prefix.Length..].Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;

    // The whole record in one write, so that a reader never waits for its second half.
    private void Write(ArrayBufferWriter<byte> message)
    {
        const int head = sizeof(long) + sizeof(uint);
        var data = message.WrittenSpan;
        var record = new byte[head + data.Length + sizeof(uint)];
        BinaryPrimitives.WriteInt64LittleEndian(record, data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(sizeof(long)), Crc32C.Masked(record.AsSpan(0, sizeof(long))));
        data.CopyTo(record.AsSpan(head));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(head + data.Length), Crc32C.Masked(data));
        _file.Append(record);
    }
}

/// <summary>The check sum of TFRecord: CRC-32 with the Castagnoli polynomial.</summary>
internal static class Crc32C
{
    /// <summary>The sum itself; that of "123456789" is e3069283 (RFC 3720, B.4, has more).</summary>
    public static uint Of(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
        }

        foreach (var value in data)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return ~crc;
    }

    /// <summary>Turned and shifted by a constant, since a sum of data that hold their own sum says nothing (tensorflow/core/lib/hash/crc32c.h).</summary>
    public static uint Masked(ReadOnlySpan<byte> data) => unchecked(BitOperations.RotateRight(Of(data), 15) + 0xa282ead8u);
}
