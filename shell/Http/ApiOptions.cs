using System.Net;
using Hyperscale.Det.Jobs;

namespace Hyperscale.Det.Shell.Http;

/// <summary>Where the HTTP API listens and what it bounds.</summary>
/// <param name="Endpoint">Port 0 takes a free one.</param>
public sealed record ApiOptions(IPEndPoint Endpoint)
{
    /// <summary>Longest job file.</summary>
    public int BodyBytesMax { get; init; } = JobLimits.SpecBytesMax;

    /// <summary>Job files of all requests together that are in memory at once.</summary>
    public long BodyBytesTotalMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Open connections, each with one request at a time; more are closed at once.</summary>
    public int ConnectionsMax { get; init; } = 2048;

    /// <summary>How long a client may take for its headers, and how long it may send a body more slowly than
    /// <see cref="SendBytesPerSecondMin"/>; more than one second.</summary>
    public TimeSpan SendGrace { get; init; } = TimeSpan.FromSeconds(10);

    public int SendBytesPerSecondMin { get; init; } = 4096;

    /// <summary>Readers of job events at once.</summary>
    public int EventStreamsMax { get; init; } = 512;

    /// <summary>Longest wait for the gate's answer; a watch may take twice as long. The gate's own deadlines
    /// are shorter: this one ends a wait for a gate that hangs.</summary>
    public TimeSpan AskWithin { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How much longer a submission with a key may take: as long as the gate has it wait for its
    /// answer.</summary>
    public TimeSpan PendingWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Silence on an event stream after which a comment shows that it lives.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Least time between two events of one stream; changes in between appear as one.</summary>
    public TimeSpan EventInterval { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a client may take to read an answer or one event before it is cut off.</summary>
    public TimeSpan ReadWithin { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a job's owner may be out of reach before its event streams end.</summary>
    public TimeSpan OutageWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long open requests may take to end when the server stops.</summary>
    public TimeSpan StopWithin { get; init; } = TimeSpan.FromSeconds(2);
}

/// <summary>The HTTP API's address cannot be used; the message names it and says what to do.</summary>
public sealed class ApiListenException(string message, Exception cause) : IOException(message, cause);
