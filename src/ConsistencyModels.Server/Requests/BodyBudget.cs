namespace ConsistencyModels.Server.Requests;

/// <summary>Bytes of all bodies that are being read or were read and are not done with: what many large requests at once can take.</summary>
internal sealed class BodyBudget(ServerLimits limits)
{
    private long _bytes;

    /// <summary>Bytes taken now.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>A body's share, which grows as it is read and is given back when it is disposed.</summary>
    public Share Open() => new(this, limits);

    internal sealed class Share(BodyBudget owner, ServerLimits limits) : IDisposable
    {
        private long _taken;

        /// <summary>Looks at a length that was announced: nothing of a body that is too large need be read.</summary>
        /// <exception cref="ProblemException">The body is too large (413).</exception>
        public void Announce(long? bytes)
        {
            if (bytes > limits.BodyBytes)
            {
                throw TooLarge();
            }
        }

        /// <summary>Takes more.</summary>
        /// <exception cref="ProblemException">The body is too large (413), or too many are read at once (429).</exception>
        public void Take(int bytes)
        {
            _taken += bytes;
            var all = Interlocked.Add(ref owner._bytes, bytes);
            if (_taken > limits.BodyBytes)
            {
                throw TooLarge();
            }

            if (all > limits.AllBodyBytes)
            {
                throw new ProblemException(429, "the server reads as many bytes of requests as it takes; try again later") { RetryAfter = TimeSpan.FromSeconds(1) };
            }
        }

        private ProblemException TooLarge() => ProblemException.Of("body", $"more than {limits.BodyBytes} bytes", $"at most {limits.BodyBytes} bytes", 413);

        public void Dispose() => Interlocked.Add(ref owner._bytes, -Interlocked.Exchange(ref _taken, 0));
    }
}
