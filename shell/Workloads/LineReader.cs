namespace Hyperscale.Det.Shell.Workloads;

/// <summary>Reads lines of bounded length.</summary>
internal sealed class LineReader(Stream stream, int lengthMax)
{
    private byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;

    public int LengthMax => lengthMax;

    /// <summary>Whether reading ended at a line that is too long.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>The next line without its end; a last line that has none is a line too. It is valid until the
    /// next call.</summary>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        line = default;
        var searched = 0;
        while (true)
        {
            var rest = _buffer.AsSpan(_start, _end - _start);
            var length = rest[searched..].IndexOf((byte)'\n');
            if (length >= 0)
            {
                line = rest[..(searched + length)];
                _start += searched + length + 1;
                return true;
            }

            searched = rest.Length;
            if (searched > lengthMax) return Break();
            MakeRoom();
            var read = stream.Read(_buffer, _end, _buffer.Length - _end);
            _end += read;
            if (read > 0) continue;
            line = _buffer.AsSpan(_start, _end - _start);
            _start = _end;
            return line.Length > 0;
        }
    }

    private bool Break()
    {
        IsBroken = true;
        return false;
    }

    private void MakeRoom()
    {
        if (_end < _buffer.Length) return;
        var rest = _buffer.AsSpan(_start, _end - _start);
        var target = rest.Length > _buffer.Length / 2 ? new byte[_buffer.Length * 2] : _buffer;
        rest.CopyTo(target);
        (_end, _start) = (rest.Length, 0);
        _buffer = target;
    }
}
