using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Tests.Shell.Http;

/// <summary>One block of a stream of server-sent events: a comment, a setting or an event.</summary>
internal sealed record EventBlock(string Comment, string Id, string Name, string Data)
{
    public StatusJson Status => Read(ApiJson.Compact.StatusJson);

    public T Read<T>(JsonTypeInfo<T> type) => JsonSerializer.Deserialize(Data, type)!;
}

/// <summary>Reads a stream of server-sent events line by line.</summary>
internal sealed class EventReader(HttpResponseMessage response) : IAsyncDisposable
{
    private StreamReader? _lines;

    public HttpResponseMessage Response { get; } = response;

    public static async Task<EventReader> OpenAsync(Api api, string path, string? lastId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastId is not null) request.Headers.Add("Last-Event-ID", lastId);
        return new EventReader(await api.Client.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, Api.Cancellation));
    }

    /// <summary>The next event; null at the end of the stream.</summary>
    public Task<EventBlock?> NextEventAsync() => NextAsync(block => block.Name != "");

    /// <summary>The next comment; null at the end of the stream.</summary>
    public Task<EventBlock?> NextCommentAsync() => NextAsync(block => block.Comment != "");

    public async ValueTask DisposeAsync()
    {
        _lines?.Dispose();
        Response.Dispose();
        await ValueTask.CompletedTask;
    }

    private async Task<EventBlock?> NextAsync(Func<EventBlock, bool> isWanted)
    {
        using var late = new CancellationTokenSource(Api.Patience);
        EventBlock? block;
        do block = await NextAsync(late.Token);
        while (block is not null && !isWanted(block));
        return block;
    }

    private async Task<EventBlock?> NextAsync(CancellationToken cancellation)
    {
        _lines ??= new StreamReader(await Response.Content.ReadAsStreamAsync(cancellation));
        var block = new EventBlock("", "", "", "");
        while (await _lines.ReadLineAsync(cancellation) is { } line)
        {
            if (line == "") return block;
            var (name, value) = (line[..line.IndexOf(':')], line[(line.IndexOf(':') + 2)..]);
            block = name switch
            {
                "" => block with { Comment = value },
                "id" => block with { Id = value },
                "event" => block with { Name = value },
                "data" => block with { Data = value },
                "retry" => block,
                _ => throw new InvalidDataException($"a field of no event: {line}"),
            };
        }

        return null;
    }
}
