using System.Runtime.InteropServices;
using System.Text;

namespace ConsistencyModels.Training.Parallel;

/// <summary>
/// The C functions of Open MPI 4 and 5 that are needed here. Its handles (a communicator, a type, an operation) are addresses of
/// data that the library exports; other MPIs number them, and have other library names, so none is taken for it.
/// </summary>
internal sealed unsafe class OpenMpi
{
    /// <summary>The library of both versions.</summary>
    public const string Library = "libmpi.so.40";

    /// <summary>Debian's and Ubuntu's package with library and launcher.</summary>
    public const string Package = "openmpi-bin";

    /// <summary>Any thread may call, one at a time.</summary>
    public const int Serialized = 2;

    private const int LongestError = 256;
    private const nint InPlace = 1;
    private readonly nint _library;
    private readonly delegate* unmanaged<int*, byte***, int, int*, int> _initThread;
    private readonly delegate* unmanaged<int> _finalize;
    private readonly delegate* unmanaged<int*, int> _initialized;
    private readonly delegate* unmanaged<nint, int*, int> _commRank;
    private readonly delegate* unmanaged<nint, int*, int> _commSize;
    private readonly delegate* unmanaged<nint, nint, int> _commSetErrorHandler;
    private readonly delegate* unmanaged<int, byte*, int*, int> _errorString;
    private readonly delegate* unmanaged<nint, void*, int, nint, nint, nint, int> _allReduce;
    private readonly delegate* unmanaged<void*, int, nint, int, nint, int> _broadcast;
    private readonly delegate* unmanaged<nint, int> _barrier;
    private readonly delegate* unmanaged<nint, int, int> _abort;
    private readonly nint _world;
    private readonly nint _sum;
    private readonly nint _errorsReturn;

    private OpenMpi(nint library)
    {
        _library = library;
        _initThread = (delegate* unmanaged<int*, byte***, int, int*, int>)Export("MPI_Init_thread");
        _finalize = (delegate* unmanaged<int>)Export("MPI_Finalize");
        _initialized = (delegate* unmanaged<int*, int>)Export("MPI_Initialized");
        _commRank = (delegate* unmanaged<nint, int*, int>)Export("MPI_Comm_rank");
        _commSize = (delegate* unmanaged<nint, int*, int>)Export("MPI_Comm_size");
        _commSetErrorHandler = (delegate* unmanaged<nint, nint, int>)Export("MPI_Comm_set_errhandler");
        _errorString = (delegate* unmanaged<int, byte*, int*, int>)Export("MPI_Error_string");
        _allReduce = (delegate* unmanaged<nint, void*, int, nint, nint, nint, int>)Export("MPI_Allreduce");
        _broadcast = (delegate* unmanaged<void*, int, nint, int, nint, int>)Export("MPI_Bcast");
        _barrier = (delegate* unmanaged<nint, int>)Export("MPI_Barrier");
        _abort = (delegate* unmanaged<nint, int, int>)Export("MPI_Abort");
        _world = Export("ompi_mpi_comm_world");
        _sum = Export("ompi_mpi_op_sum");
        _errorsReturn = Export("ompi_mpi_errors_return");
        Float = Export("ompi_mpi_float");
        Double = Export("ompi_mpi_double");
    }

    /// <summary>The type of a float.</summary>
    public nint Float { get; }

    /// <summary>The type of a double.</summary>
    public nint Double { get; }

    /// <summary>Loads the library; it stays loaded, for MPI cannot be started twice.</summary>
    /// <param name="name">Its file name.</param>
    /// <exception cref="ConsistencyModelsException">It is missing, does not load, or is not Open MPI's.</exception>
    public static OpenMpi Load(string name = Library)
    {
        try
        {
            return new(NativeLibrary.Load(name));
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new ConsistencyModelsException(
                $"{name}: does not load: several processes need Open MPI: apt-get install {Package}", e);
        }
        catch (EntryPointNotFoundException e)
        {
            throw new ConsistencyModelsException($"{name}: is not Open MPI's library: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>Whether MPI was ever started in this process, even if it has ended.</summary>
    public bool WasStarted()
    {
        int flag;
        Check(_initialized(&flag), "MPI_Initialized");
        return flag != 0;
    }

    /// <summary>Starts MPI, with errors that come back instead of ending the process without a word of ours.</summary>
    /// <returns>How threads may call.</returns>
    public int Start(int threads)
    {
        int provided;
        Check(_initThread(null, null, threads, &provided), "MPI_Init_thread");
        Check(_commSetErrorHandler(_world, _errorsReturn), "MPI_Comm_set_errhandler");
        return provided;
    }

    /// <summary>This process's number.</summary>
    public int Rank()
    {
        int rank;
        Check(_commRank(_world, &rank), "MPI_Comm_rank");
        return rank;
    }

    /// <summary>How many processes there are.</summary>
    public int Count()
    {
        int count;
        Check(_commSize(_world, &count), "MPI_Comm_size");
        return count;
    }

    /// <summary>Sums in place.</summary>
    public void Sum(void* values, int count, nint type) => Check(_allReduce(InPlace, values, count, type, _sum, _world), "MPI_Allreduce");

    /// <summary>Takes over the values of process 0.</summary>
    public void Broadcast(void* values, int count, nint type) => Check(_broadcast(values, count, type, 0, _world), "MPI_Bcast");

    /// <summary>Waits for the others.</summary>
    public void Barrier() => Check(_barrier(_world), "MPI_Barrier");

    /// <summary>Ends MPI.</summary>
    public void End() => Check(_finalize(), "MPI_Finalize");

    /// <summary>Ends every process of the job. It does not return if MPI works at all.</summary>
    public void Abort(int code) => _ = _abort(_world, code);

    private nint Export(string name) => NativeLibrary.GetExport(_library, name);

    private void Check(int code, string function)
    {
        if (code == 0)
        {
            return;
        }

        var text = stackalloc byte[LongestError];
        int length;
        var message = _errorString(code, text, &length) == 0 ? Encoding.UTF8.GetString(text, length) : "unknown error";
        throw new ConsistencyModelsException(FormattableString.Invariant($"{function}: {message} (code {code})"));
    }
}
