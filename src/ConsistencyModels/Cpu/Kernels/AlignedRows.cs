namespace ConsistencyModels.Cpu;

/// <summary>Vectors on the stack at cache lines: one that crosses two costs twice.</summary>
internal static unsafe class AlignedRows
{
    private const int Line = 64;
    private const int FloatsOfLine = Line / sizeof(float);

    /// <summary>Floats to allocate for so many vectors of any width.</summary>
    public static int Floats(int vectors) => (vectors + 1) * FloatsOfLine;

    /// <summary>The vectors.</summary>
    public static T* Of<T>(float* memory)
        where T : unmanaged => (T*)(((nuint)memory + Line - 1) & ~(nuint)(Line - 1));
}
