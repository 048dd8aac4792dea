using System.Buffers;

namespace Hyperscale.Det.Shell.Http;

/// <summary>Reads job files into memory within two bounds: one for each and one for all together.</summary>
internal sealed class RequestBody(int bytesMax, long totalBytesMax)
{
    private long _taken;

    public enum Verdict : byte
    {
        Complete,

        /// <summary>Longer than one may be.</summary>
        TooLarge,

        /// <summary>There is no room beside the others at the moment.</summary>
        NoRoom,
    }

    /// <summary>Reads the body and hands it to <paramref name="use"/>; its memory is set aside until that has
    /// ended.</summary>
    /// <exception cref="BadHttpRequestException">The body is cut short, too slow or malformed.</exception>
    public async Task<Verdict> UseAsync(HttpRequest request, Func<ReadOnlyMemory<byte>, Task> use)
    {
        if (request.ContentLength > bytesMax) return Verdict.TooLarge;
        // A body of unknown length may become as long as any.
        var room = (int)(request.ContentLength ?? bytesMax);
        if (Interlocked.Add(ref _taken, room) > totalBytesMax)
        {
            Interlocked.Add(ref _taken, -room);
            return Verdict.NoRoom;
        }

        try
        {
            var body = await ReadAsync(request, room);
            if (body is null) return Verdict.TooLarge;
            await use(body.Value);
            return Verdict.Complete;
        }
        finally
        {
            Interlocked.Add(ref _taken, -room);
        }
    }

    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpRequest request, int room)
    {
        var body = new ArrayBufferWriter<byte>(Math.Clamp(room, 1, 64 * 1024));
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(request.HttpContext.RequestAborted);
            var isTooLong = read.Buffer.Length > room - body.WrittenCount;
            foreach (var part in isTooLong ? default : read.Buffer) body.Write(part.Span);
            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (isTooLong) return null;
            if (read.IsCompleted) return body.WrittenMemory;
        }
    }
}
