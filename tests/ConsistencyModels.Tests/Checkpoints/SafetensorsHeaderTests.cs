using System.Buffers.Binary;
using System.Text;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;

namespace ConsistencyModels.Tests.Checkpoints;

/// <summary>Files made byte by byte: what is refused, what is tolerated, and what the message says.</summary>
public sealed class SafetensorsHeaderTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public static TheoryData<string, int, string> Malformed => new()
    {
        // header, bytes of data, part of the message
        { "", 0, "does not begin with '{'" },
        { " {}", 0, "does not begin with '{'" },
        { "[]", 0, "does not begin with '{'" },
        { "{", 0, "not valid JSON" },
        { "{}x", 0, "not valid JSON" },
        { "{}{}", 0, "not valid JSON" },
        { """{"a":""", 0, "not valid JSON" },
        { """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},}""", 1, "not valid JSON" },
        { """{"\uD800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1, "not valid JSON" },
        { """{"a":5}""", 0, "tensor 'a' is Number, expected an object" },
        { """{"a":null}""", 0, "tensor 'a' is Null, expected an object" },
        { """{"a":{"shape":[1],"data_offsets":[0,1]}}""", 1, "tensor 'a' has no dtype" },
        { """{"a":{"dtype":"U8","data_offsets":[0,1]}}""", 1, "tensor 'a' has no shape" },
        { """{"a":{"dtype":"U8","shape":[1]}}""", 1, "tensor 'a' has no data_offsets" },
        { """{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}""", 1, "dtype 'F4', which is not supported" },
        { """{"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}""", 4, "dtype 'f32', which is not supported" },
        { """{"a":{"dtype":7,"shape":[1],"data_offsets":[0,1]}}""", 1, "dtype that is Number" },
        { """{"a":{"dtype":"U8","shape":1,"data_offsets":[0,1]}}""", 1, "shape that is Number" },
        { """{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}""", 1, "shape with something that is not a whole number" },
        { """{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}""", 1, "shape with something that is not a whole number" },
        { """{"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}""", 1, "shape with something that is not a whole number" },
        { """{"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}}""", 1, "shape with something that is not a whole number" },
        { """{"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]}}""", 1, "shape with something that is not a whole number" },
        { """{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "size overflows" },
        { """{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}""", 0, "size overflows" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "has 4 bytes, expected 8 for F32 [2]" },
        { """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}""", 1, "expected [begin, end]" },
        { """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}""", 1, "expected [begin, end]" },
        { """{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}""", 1, "begin <= end" },
        { """{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}""", 1, "data_offsets with something" },
        { """{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 3, "the file has only 3: it was cut short" },
        { """{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}""", 3, "it was cut short" },
        { """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 2, "trailing bytes" },
        { "{}", 1, "trailing bytes" },
        { """{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "begins at byte 1 of the data, expected 0: it leaves a hole" },
        { Two("[0,2]", "[1,3]", 2), 3, "tensor 'b' begins at byte 1 of the data, expected 2: it overlaps" },
        { Two("[0,2]", "[0,2]", 2), 2, "overlaps" },
        { Two("[0,1]", "[2,3]", 1), 3, "tensor 'b' begins at byte 2 of the data, expected 1: it leaves a hole" },
        { """{"a":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}""", 0, "leaves a hole" },
        { """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "tensor 'a' is in the header twice" },
        { """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "twice" },
        { """{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}""", 1, "has dtype twice" },
        { """{"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}""", 1, "has shape twice" },
        { """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"data_offsets":[0,1]}}""", 1, "has data_offsets twice" },
        { """{"__metadata__":{"a":1}}""", 0, "__metadata__ 'a' is Number, expected a string" },
        { """{"__metadata__":{"a":{}}}""", 0, "__metadata__ 'a' is StartObject, expected a string" },
        { """{"__metadata__":"pt"}""", 0, "__metadata__ is String" },
        { """{"__metadata__":{"a":"1","a":"2"}}""", 0, "__metadata__ has 'a' twice" },
        { """{"__metadata__":{},"__metadata__":{}}""", 0, "two __metadata__" },
        { """{"a":{"x":""" + new string('[', 100_000) + new string(']', 100_000) + "}}", 0, "not valid JSON" },
        { """{"a":{"dtype":"U8","shape":[""" + string.Join(',', Enumerable.Repeat(1, 65)) + """],"data_offsets":[0,1]}}""", 1, "more than 64 numbers" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void A_malformed_header_is_refused_with_one_line_that_names_the_file(string header, int data, string expected)
    {
        var path = Save(Encoding.UTF8.GetBytes(header), data);
        var error = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));
        Assert.StartsWith(path + ": ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.True(error.Message.Length < path.Length + 400, "the message is long: " + error.Message.Length);
    }

    [Theory]
    [InlineData("{}", 0)]
    [InlineData("{}     ", 0)]
    [InlineData("""{"__metadata__":null}""", 0)]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"note":{"x":[1]}}}""", 1)]
    [InlineData("""{"z":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}""", 2)]
    [InlineData("""{"e":{"dtype":"F32","shape":[3,0],"data_offsets":[1,1]},"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}""", 1)]
    public void What_the_reference_accepts_is_accepted(string header, int data)
    {
        using var file = SafetensorsFile.Open(Save(Encoding.UTF8.GetBytes(header), data));
        Assert.Equal(data, file.Tensors.Sum(tensor => file.Bytes(tensor.Key).Length));
    }

    [Fact]
    public void Text_that_is_not_utf8_is_refused()
    {
        var header = Encoding.UTF8.GetBytes("""{"?":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""");
        header[2] = 0xFF;
        var error = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(Save(header, 1)));
        Assert.Contains("not valid JSON", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[0], "the file is empty")]
    [InlineData(new byte[] { 1, 2, 3 }, "it has only 3 bytes")]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7B }, "header would have 18446744073709551615 bytes")]
    [InlineData(new byte[] { 0x01, 0xE1, 0xF5, 0x05, 0, 0, 0, 0, 0x7B }, "header would have 100000001 bytes, the format allows 100000000")]
    [InlineData(new byte[] { 0x00, 0xE1, 0xF5, 0x05, 0, 0, 0, 0, 0x7B }, "the file has only 9")]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0 }, "does not begin with '{'")]
    public void A_bad_header_length_is_refused(byte[] bytes, string expected)
    {
        var path = _folder.File("x.safetensors");
        File.WriteAllBytes(path, bytes);
        var error = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_from_the_file_cannot_break_the_message_into_lines()
    {
        var name = "\\n\\u001b[31m\\u2028" + new string('x', 5000);
        var path = Save(Encoding.UTF8.GetBytes($$"""{"{{name}}":1}"""), 0);
        var error = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));
        Assert.DoesNotContain(error.Message, c => char.IsControl(c) || c == '\u2028');
        Assert.True(error.Message.Length < path.Length + 300);
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_told_apart()
    {
        Assert.Contains("there is no such file", Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder.File("no"))).Message, StringComparison.Ordinal);
        Assert.Contains("this is a folder", Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder.Path)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static string Two(string a, string b, int size) =>
        $$$"""{"a":{"dtype":"U8","shape":[{{{size}}}],"data_offsets":{{{a}}}},"b":{"dtype":"U8","shape":[{{{size}}}],"data_offsets":{{{b}}}}}""";

    private string Save(byte[] header, int data)
    {
        var bytes = new byte[8 + header.Length + data];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, header.Length);
        header.CopyTo(bytes, 8);
        var path = _folder.File("x.safetensors");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
