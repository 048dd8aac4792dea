using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Telemetry;

/// <summary>What the shell itself tells its operators.</summary>
public static partial class ShellLog
{
    [LoggerMessage(1, LogLevel.Information, "{Node}: started as boot {Boot}, listening on {Address}")]
    public static partial void NodeStarted(ILogger logger, NodeId node, BootId boot, string address);

    [LoggerMessage(2, LogLevel.Information, "{Node}: stopped")]
    public static partial void NodeStopped(ILogger logger, NodeId node);

    [LoggerMessage(3, LogLevel.Critical,
        "{Node}: a rule of the node was broken; it stops and sends nothing more")]
    public static partial void InvariantBroken(ILogger logger, NodeId node, Exception cause);

    [LoggerMessage(4, LogLevel.Critical, "{Node}: failed; it stops and sends nothing more")]
    public static partial void NodeFailed(ILogger logger, NodeId node, Exception cause);

    [LoggerMessage(5, LogLevel.Warning,
        "{Node}: stopped with {Records} records not confirmed by the disk within {Within}; nothing that "
        + "rests on them was sent")]
    public static partial void StoppedBeforeDurable(
        ILogger logger, NodeId node, long records, TimeSpan within);

    [LoggerMessage(6, LogLevel.Warning, "{Node}: {Note}")]
    public static partial void LogNote(ILogger logger, NodeId node, string note);

    [LoggerMessage(7, LogLevel.Warning, "settings: {Warning}")]
    public static partial void SettingWarned(ILogger logger, string warning);

    [LoggerMessage(20, LogLevel.Information, "{Node}: connected to {Peer} at {Address}, boot {Boot}")]
    public static partial void PeerConnected(
        ILogger logger, NodeId node, NodeId peer, string address, BootId boot);

    [LoggerMessage(21, LogLevel.Information, "{Node}: {Peer} connected from {Address}, boot {Boot}")]
    public static partial void PeerAccepted(
        ILogger logger, NodeId node, NodeId peer, string address, BootId boot);

    [LoggerMessage(22, LogLevel.Information, "{Node}: connection with {Peer} at {Address} ended: {Reason}")]
    public static partial void PeerDisconnected(
        ILogger logger, NodeId node, string peer, string address, string reason);

    [LoggerMessage(23, LogLevel.Warning, "{Node}: connection with {Peer} at {Address} refused: {Reason}")]
    public static partial void PeerRefused(
        ILogger logger, NodeId node, string peer, string address, string reason);

    [LoggerMessage(24, LogLevel.Debug,
        "{Node}: {Peer} at {Address} not reached: {Reason}; next try in {Wait}")]
    public static partial void DialFailed(
        ILogger logger, NodeId node, NodeId peer, string address, string reason, TimeSpan wait);

    [LoggerMessage(25, LogLevel.Warning,
        "{Node}: {Peer} takes messages too slowly: {Messages} messages, {Bytes} bytes dropped")]
    public static partial void PeerTooSlow(
        ILogger logger, NodeId node, NodeId peer, int messages, long bytes);

    [LoggerMessage(26, LogLevel.Error,
        "{Node}: a {Message} to {Peer} of {Bytes} bytes was not sent: at most {Max} bytes fit")]
    public static partial void MessageTooLarge(
        ILogger logger, NodeId node, string message, NodeId peer, int bytes, int max);

    [LoggerMessage(27, LogLevel.Warning, "{Node}: datagram from {Address} ignored: {Reason}")]
    public static partial void DatagramIgnored(ILogger logger, NodeId node, string address, string reason);

    [LoggerMessage(28, LogLevel.Warning, "{Node}: accepting connections failed: {Reason}")]
    public static partial void AcceptFailed(ILogger logger, NodeId node, string reason);

    [LoggerMessage(29, LogLevel.Debug, "{Node}: datagram to {Peer} not sent: {Reason}")]
    public static partial void DatagramNotSent(ILogger logger, NodeId node, NodeId peer, string reason);

    [LoggerMessage(30, LogLevel.Warning, "{Node}: looking at its resources failed")]
    public static partial void SampleFailed(ILogger logger, NodeId node, Exception cause);

    [LoggerMessage(31, LogLevel.Information, "{Node}: guards workloads by {Enforcer}")]
    public static partial void EnforcerChosen(ILogger logger, NodeId node, string enforcer);

    [LoggerMessage(40, LogLevel.Information, "{Node}: HTTP API on {Address}")]
    public static partial void ApiStarted(ILogger logger, NodeId node, string address);

    [LoggerMessage(41, LogLevel.Error, "{Node}: request {Method} {Path} failed")]
    public static partial void RequestFailed(
        ILogger logger, NodeId node, string method, string path, Exception cause);
}
