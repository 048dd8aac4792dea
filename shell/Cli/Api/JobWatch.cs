using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Api;

/// <summary>Follows a job through the events of whichever gate answers, until the job has ended.</summary>
internal sealed class JobWatch(GateClient gates, TimeProvider time)
{
    /// <summary>How long all gates together may say nothing before the cluster counts as gone.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>A stream that says nothing for so long may be one whose other end is gone.</summary>
    private static readonly TimeSpan QuietMax = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    /// <summary>Each status that differs from the one before; the last one is terminal.</summary>
    public async IAsyncEnumerable<StatusJson> FollowAsync(
        JobId job, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var heard = time.GetTimestamp();
        string? revision = null;
        while (true)
        {
            using var quiet = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, quiet.Token);
            using var response = await gates.TryOpenEventsAsync(job, cancellation);
            await using var events = Read(response, limit.Token);
            while (true)
            {
                quiet.CancelAfter(QuietMax);
                if (await NextAsync(events, cancellation) is not { } status) break;
                heard = time.GetTimestamp();
                if (status.Revision == revision) continue;
                revision = status.Revision;
                yield return status;
                if (status.IsTerminal) yield break;
            }

            if (time.GetElapsedTime(heard) > Patience)
                throw new CliException(
                    ExitCode.Unreachable,
                    $"no cluster reachable: no gate said anything of job {job} for "
                    + $"{Patience.TotalSeconds:0} s; it may still be running");
            await Task.Delay(Pause, time, cancellation);
        }
    }

    private static async IAsyncEnumerator<StatusJson> Read(
        HttpResponseMessage? response, CancellationToken cancellation)
    {
        if (response is null) yield break;
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var parser = SseParser.Create(body, (type, data) => type == "status"
            ? JsonSerializer.Deserialize(data, ApiJson.Compact.StatusJson)
            : null);
        await foreach (var item in parser.EnumerateAsync(cancellation))
        {
            // Anything else is why the gate cannot go on: it will say so again when it is asked again.
            if (item.Data is null) throw new IOException($"the gate says {item.EventType}");
            yield return item.Data;
        }
    }

    /// <summary>The next status; null when the stream has ended, broken or gone quiet.</summary>
    private async Task<StatusJson?> NextAsync(
        IAsyncEnumerator<StatusJson> events, CancellationToken cancellation)
    {
        try
        {
            return await events.MoveNextAsync() ? events.Current : null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            gates.PassTurn();
            return null;
        }
        catch (Exception e) when (e is IOException or HttpRequestException or JsonException)
        {
            gates.PassTurn();
            return null;
        }
    }
}
