using System.Reflection;
using System.Reflection.Emit;
using TorchSharp;

namespace ConsistencyModels.Torch.Tests;

/// <summary>
/// TorchSharp makes an object of every number that it hands to libtorch and holds none of them during the call: a collection may free it meanwhile
/// (the call then fails, or computes with another number). Whatever makes one is called by <see cref="TensorArithmetic"/> alone, which holds it.
/// </summary>
public sealed class HeldNumbersTests
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    [Fact]
    public void No_number_is_handed_to_libtorch_that_nothing_holds()
    {
        var theirs = Calls(typeof(torch).Assembly);
        HashSet<MethodBase> makers = [.. theirs.SelectMany(pair => pair.Callees).Where(IsMaker)];
        Assert.NotEmpty(makers);

        // Whoever calls one, directly or by others, hides a number: a + b its factor of 1.
        HashSet<MethodBase> hiding = [.. makers];
        for (var before = 0; before != hiding.Count;)
        {
            before = hiding.Count;
            hiding.UnionWith(theirs.Where(pair => pair.Callees.Exists(hiding.Contains)).Select(pair => pair.Caller));
        }

        Assert.Contains(hiding, method => method.Name == "op_Addition");
        string[] wrong = [.. Calls(typeof(TensorArithmetic).Assembly).Concat(Calls(typeof(HeldNumbersTests).Assembly))
            .Where(pair => pair.Caller.DeclaringType != typeof(TensorArithmetic))
            .SelectMany(pair => pair.Callees.Where(hiding.Contains).Select(callee => $"{pair.Caller.DeclaringType}.{pair.Caller.Name} calls {callee.DeclaringType}.{callee.Name}"))
            .Distinct()
            .Order(StringComparer.Ordinal)];
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
    }

    private static bool IsMaker(MethodBase method) => method is MethodInfo { IsStatic: true, ReturnType: var type } && type == typeof(Scalar);

    private static List<(MethodBase Caller, List<MethodBase> Callees)> Calls(Assembly assembly) =>
    [
        .. from type in assembly.GetTypes()
           from method in type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All))
           where method.GetMethodBody() is not null
           select (method, Callees(method)),
    ];

    private static List<MethodBase> Callees(MethodBase method)
    {
        var il = method.GetMethodBody()!.GetILAsByteArray()!;
        List<MethodBase> callees = [];
        for (var at = 0; at < il.Length;)
        {
            var code = il[at] == 0xFE ? Codes[unchecked((short)(0xFE00 | il[at + 1]))] : Codes[il[at]];
            at += code.Size;
            if (code.OperandType == OperandType.InlineMethod)
            {
                callees.Add(Definition(method.Module.ResolveMethod(
                    BitConverter.ToInt32(il, at),
                    method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : null,
                    method.IsGenericMethod ? method.GetGenericArguments() : null)!));
            }

            at += code.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(il, at)),
                _ => 4,
            };
        }

        return callees;
    }

    private static MethodBase Definition(MethodBase method) => method is MethodInfo { IsGenericMethod: true } generic ? generic.GetGenericMethodDefinition() : method;
}
