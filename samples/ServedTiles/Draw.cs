namespace ServedTiles;

/// <summary><c>dotnet run --project samples/ServedTiles -- draw http://127.0.0.1:5050/cm/ book floor</c>: pictures into files.</summary>
internal static class Draw
{
    public static async Task<int> RunAsync(Uri address, string[] classes)
    {
        using var http = new HttpClient { BaseAddress = address };
        var drawn = await new TilesClient(http).GenerateAsync(new() { Classes = classes.Length == 0 ? null : classes });
        foreach (var image in drawn.Images)
        {
            var file = $"{image.ClassName ?? "picture"}-{image.Seed}.png";
            await File.WriteAllBytesAsync(file, image.Data);
            Console.WriteLine(file);
        }

        return 0;
    }
}
