namespace Hyperscale.Det.Shell.Workloads;

/// <summary>Keeps the last bytes of an endless output.</summary>
internal sealed class OutputTail(int capacity)
{
    private readonly byte[] _ring = new byte[capacity];
    private long _written;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        lock (_ring)
        {
            if (bytes.Length > capacity)
            {
                _written += bytes.Length - capacity;
                bytes = bytes[^capacity..];
            }

            var start = (int)(_written % capacity);
            var first = Math.Min(bytes.Length, capacity - start);
            bytes[..first].CopyTo(_ring.AsSpan(start));
            bytes[first..].CopyTo(_ring);
            _written += bytes.Length;
        }
    }

    public byte[] ToArray()
    {
        lock (_ring)
        {
            if (_written <= capacity) return _ring[..(int)_written];
            var start = (int)(_written % capacity);
            return [.. _ring.AsSpan(start), .. _ring.AsSpan(0, start)];
        }
    }
}
