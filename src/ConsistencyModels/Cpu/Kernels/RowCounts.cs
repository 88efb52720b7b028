namespace ConsistencyModels.Cpu.Kernels;

/// <summary>
/// A number of rows as a type, so that one kernel body serves every number: the JIT compiles it once for each type, sees
/// constants in its conditions and drops the rows that are not there.
/// </summary>
internal interface IRowCount
{
    /// <summary>The number.</summary>
    static abstract int Rows { get; }
}

/// <summary>1 row.</summary>
internal readonly struct Rows1 : IRowCount
{
    public static int Rows => 1;
}

/// <summary>2 rows.</summary>
internal readonly struct Rows2 : IRowCount
{
    public static int Rows => 2;
}

/// <summary>3 rows.</summary>
internal readonly struct Rows3 : IRowCount
{
    public static int Rows => 3;
}

/// <summary>4 rows.</summary>
internal readonly struct Rows4 : IRowCount
{
    public static int Rows => 4;
}

/// <summary>5 rows.</summary>
internal readonly struct Rows5 : IRowCount
{
    public static int Rows => 5;
}

/// <summary>6 rows.</summary>
internal readonly struct Rows6 : IRowCount
{
    public static int Rows => 6;
}

/// <summary>7 rows.</summary>
internal readonly struct Rows7 : IRowCount
{
    public static int Rows => 7;
}

/// <summary>8 rows.</summary>
internal readonly struct Rows8 : IRowCount
{
    public static int Rows => 8;
}
