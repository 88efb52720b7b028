using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ConsistencyModels.Bench.Serving;

/// <summary>From the start of <c>cm serve</c> as a process to the first picture.</summary>
internal static class FirstAnswerBench
{
    private const int Rounds = 11;

    public static int Run(string[] args)
    {
        var (file, others) = Report.Arguments(args);
        if (others is not [var program])
        {
            Console.Error.WriteLine("name the program: a cm that dotnet publish made");
            return 2;
        }

        List<double> seconds = [];
        for (var i = 0; i <= Rounds; i++)
        {
            seconds.Add(Once(program));
        }

        // The first round warms the file cache.
        new Report("Serving, the first answer")
            .Line($"From the start of `cm serve` as a native process to the last byte of the first picture, asked for again every millisecond until it is there; the median of {Rounds}: {Report.Median(seconds.Skip(1)):F3} s (from {seconds.Skip(1).Min():F3} to {seconds.Skip(1).Max():F3}).")
            .Publish(file);
        return 0;
    }

    private static double Once(string program)
    {
        var port = FreePort();
        var request = Encoding.ASCII.GetBytes("POST /v1/generate HTTP/1.0\r\nAccept: image/png\r\nContent-Length: 0\r\n\r\n");
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(new ProcessStartInfo(program, ["serve", "--port", $"{port}", "--quiet"]) { RedirectStandardError = true })!;
        try
        {
            while (clock.Elapsed < TimeSpan.FromMinutes(1))
            {
                if (Ask(port, request))
                {
                    return clock.Elapsed.TotalSeconds;
                }

                Thread.Sleep(1);
            }

            throw new InvalidOperationException("cm serve did not answer in a minute.");
        }
        finally
        {
            process.Kill();
        }
    }

    private static bool Ask(int port, byte[] request)
    {
        try
        {
            using var socket = new TcpClient();
            socket.Connect(IPAddress.Loopback, port);
            var stream = socket.GetStream();
            stream.Write(request);
            using var answer = new MemoryStream();
            stream.CopyTo(answer);
            return answer.ToArray().AsSpan().StartsWith("HTTP/1.1 200"u8);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
