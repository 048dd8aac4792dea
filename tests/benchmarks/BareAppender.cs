using Hyperscale.Det.Shell.Disk;

namespace Hyperscale.Det.Benchmarks;

/// <summary>The least that durability costs: one write and one sync a batch, into a zero-filled file that is
/// filled from the start again when it is full.</summary>
internal sealed class BareAppender : IDisposable
{
    private const int FillBytes = 1024 * 1024;

    private readonly string _path;
    private readonly long _fileBytes;
    private readonly int _descriptor;
    private byte[] _batch = [];
    private long _position;

    public BareAppender(string path, long fileBytes)
    {
        _path = path;
        _fileBytes = fileBytes;
        _descriptor = NativeDisk.CreateFile(path);
        var zeros = new byte[FillBytes];
        for (var at = 0L; at < fileBytes; at += FillBytes) NativeDisk.Write(_descriptor, path, at, zeros);
        NativeDisk.Sync(_descriptor, path);
    }

    public void Append(int bytes)
    {
        if (_position + bytes > _fileBytes) _position = 0;
        Write(bytes);
        Sync();
    }

    public void Write(int bytes)
    {
        if (_batch.Length != bytes) _batch = new byte[bytes];
        _batch.AsSpan().Fill((byte)(_position % 251));
        NativeDisk.Write(_descriptor, _path, _position, _batch);
        _position += bytes;
    }

    public void Sync() => NativeDisk.SyncData(_descriptor, _path);

    public void Dispose() => NativeDisk.Close(_descriptor, _path);
}
