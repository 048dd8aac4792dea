using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Shell.Http;

/// <summary>Asks the gate and waits only so long.</summary>
internal sealed class GateCalls(IGateApi gate, ApiOptions options)
{
    /// <summary>The gate's answer; <see cref="ClientResponse.OutcomeUnknown"/> when there is none in time.
    /// </summary>
    /// <exception cref="OperationCanceledException">Whoever asked has gone away.</exception>
    public async Task<ClientResponse> AskAsync(ClientRequest request, CancellationToken gone)
    {
        var within = request switch
        {
            ClientRequest.WatchJob => options.AskWithin * 2,
            ClientRequest.SubmitJob { Key: not null } => options.AskWithin + options.PendingWithin,
            _ => options.AskWithin,
        };
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(gone);
        deadline.CancelAfter(within);
        try
        {
            return await gate.AskAsync(request, deadline.Token);
        }
        catch (OperationCanceledException) when (!gone.IsCancellationRequested)
        {
            return new ClientResponse.OutcomeUnknown(
                $"{gate.Id} did not answer within {within.TotalSeconds:0.#} s");
        }
    }
}
