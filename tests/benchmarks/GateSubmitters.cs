using System.Net;
using System.Text;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Hosting;

namespace Hyperscale.Det.Benchmarks;

/// <summary>The job that is submitted again and again, each time under a key of its own.</summary>
internal static class SubmittedJob
{
    public const string Json =
        """{"name":"b","workflows":[{"name":"w","kind":"exec","duration":"6h","""
        + "\"exec\":{\"command\":[\"true\"]}}]}";

    public static JobSpec Spec()
    {
        var faults = new List<JobFault>();
        return JobSpecReader.Read(Encoding.UTF8.GetBytes(Json), null, faults)
            ?? throw new InvalidOperationException(string.Join("; ", faults));
    }

    public static IdempotencyKey KeyOf(long number) =>
        IdempotencyKey.TryParse($"benchmark-{number:d12}", out var key)
            ? key
            : throw new InvalidOperationException("the key is none");
}

/// <summary>Submits over HTTP, as <c>curl</c> would.</summary>
internal sealed class HttpSubmitter(IPEndPoint gate) : ISubmitter
{
    private const int Accepted = 202;

    private readonly HttpConnection _connection = new(gate);

    public async Task<string?> SubmitAsync(long number)
    {
        var key = SubmittedJob.KeyOf(number).Text;
        var (status, body) =
            await _connection.PostAsync("/v1/jobs", $"Idempotency-Key: {key}\r\n", SubmittedJob.Json);
        return status == Accepted ? null : $"{status} {body}";
    }

    public void Dispose() => _connection.Dispose();
}

/// <summary>Submits through the nodes' own protocol; several share the connections of one client
/// node.</summary>
internal sealed class NativeSubmitter(NativeClient client) : ISubmitter
{
    private static readonly JobSpec Spec = SubmittedJob.Spec();

    public async Task<string?> SubmitAsync(long number)
    {
        var request = new ClientRequest.SubmitJob(Spec, SubmittedJob.KeyOf(number));
        var response = await client.AskAsync(request, CancellationToken.None);
        // A repeat by the client node itself is told that it is one.
        return response is ClientResponse.Accepted ? null : response.ToString();
    }

    public void Dispose()
    {
        // The client node is not its own.
    }
}
