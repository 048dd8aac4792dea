namespace Hyperscale.Det.Shell.Transport;

/// <summary>Bounds of a node's connections.</summary>
/// <param name="QueueMessagesMax">Messages that may wait for one peer.</param>
/// <param name="QueueBytesMax">Bytes that may wait for one peer; one message fits, however large.</param>
/// <param name="SessionsMax">Connections that peers may hold open here at once.</param>
/// <param name="HandshakeWithin">From the start of a connection to the peer's hello.</param>
/// <param name="StallMax">How long a peer may take nothing, or confirm nothing, of what is sent.</param>
/// <param name="KeepMax">How long messages wait for a peer that cannot be reached; nodes send again what is
/// older and still matters.</param>
/// <param name="FlushWithin">How long a stop may go on sending what is queued.</param>
public sealed record TransportOptions(
    int QueueMessagesMax,
    int QueueBytesMax,
    int SessionsMax,
    TimeSpan HandshakeWithin,
    TimeSpan StallMax,
    TimeSpan BackoffMin,
    TimeSpan BackoffMax,
    TimeSpan KeepMax,
    TimeSpan FlushWithin)
{
    public static readonly TransportOptions Default = new(
        QueueMessagesMax: 16_384,
        QueueBytesMax: 32 * 1024 * 1024,
        SessionsMax: 16_384,
        HandshakeWithin: TimeSpan.FromSeconds(5),
        StallMax: TimeSpan.FromSeconds(10),
        BackoffMin: TimeSpan.FromMilliseconds(100),
        BackoffMax: TimeSpan.FromSeconds(5),
        KeepMax: TimeSpan.FromSeconds(2),
        FlushWithin: TimeSpan.FromSeconds(1));
}
