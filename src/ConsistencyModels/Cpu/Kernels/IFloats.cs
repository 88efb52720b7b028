namespace ConsistencyModels.Cpu.Kernels;

/// <summary>
/// A vector of floats, so that a kernel is written once and compiled for the widest the processor has: a type argument costs
/// nothing. <see cref="System.Numerics.Vector{T}"/> does not go beyond 256 bits.
/// </summary>
/// <remarks>Every operation is one of each element, in single precision, so results do not depend on the width.</remarks>
/// <typeparam name="T">Itself.</typeparam>
internal unsafe interface IFloats<T>
    where T : struct, IFloats<T>
{
    /// <summary>Elements; divides 16.</summary>
    static abstract int Count { get; }

    /// <summary>All elements the same.</summary>
    static abstract T Create(float value);

    /// <summary>Reads from memory.</summary>
    static abstract T Load(float* source);

    /// <summary>Writes to memory.</summary>
    static abstract void Store(T value, float* target);

    /// <summary>Sum.</summary>
    static abstract T operator +(T a, T b);

    /// <summary>Difference.</summary>
    static abstract T operator -(T a, T b);

    /// <summary>Product.</summary>
    static abstract T operator *(T a, T b);

    /// <summary>Quotient.</summary>
    static abstract T operator /(T a, T b);

    /// <summary>a·b + c, rounded once where the processor can.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    /// <summary>The larger; b where one is not a number.</summary>
    static abstract T Max(T a, T b);

    /// <summary>The smaller; b where one is not a number.</summary>
    static abstract T Min(T a, T b);

    /// <summary>The largest element.</summary>
    static abstract float Largest(T value);

    /// <summary>Sum of the elements.</summary>
    static abstract float Sum(T value);

    /// <summary>Zero where <paramref name="x"/> is below <paramref name="limit"/>, else <paramref name="value"/>.</summary>
    static abstract T ZeroBelow(T x, T limit, T value);

    /// <summary>2^n, with n the low bits of each element's representation; those above the lowest nine do not matter.</summary>
    static abstract T PowerOfTwo(T bits);
}

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
