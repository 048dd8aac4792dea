using System.Collections.Concurrent;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>Requests of this process's clients that the node has not answered yet.</summary>
internal sealed class PendingRequests
{
    /// <summary>What a request gets that reached a node which takes none any more.</summary>
    public static readonly ClientResponse Stopped =
        new ClientResponse.Unavailable("this node is stopping; ask another gate", Duration.FromSeconds(1));

    private static readonly ClientResponse Unanswered =
        new ClientResponse.OutcomeUnknown("this node stopped before it answered");

    private readonly ConcurrentDictionary<long, TaskCompletionSource<ClientResponse>> _open = new();
    private long _lastId;
    private volatile bool _isClosed;

    public (long Id, Task<ClientResponse> Answer) Open()
    {
        var id = Interlocked.Increment(ref _lastId);
        var answer = new TaskCompletionSource<ClientResponse>(
            TaskCreationOptions.RunContinuationsAsynchronously);
        _open[id] = answer;
        if (_isClosed) answer.TrySetResult(Unanswered);
        return (id, answer.Task);
    }

    /// <summary>Answers a request; one whose client has gone away is answered to nobody.</summary>
    public void Answer(long id, ClientResponse response)
    {
        if (_open.TryRemove(id, out var answer)) answer.TrySetResult(response);
    }

    public void Forget(long id) => _open.TryRemove(id, out _);

    public void Close()
    {
        _isClosed = true;
        foreach (var answer in _open.Values) answer.TrySetResult(Unanswered);
    }
}
