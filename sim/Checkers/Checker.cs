using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>A rule that the cluster keeps, whatever happens; watches the run and fails it when the rule is
/// broken.</summary>
/// <param name="name">Names the rule in reports and mutants.</param>
/// <param name="views">What it wants to see.</param>
public abstract class Checker(string name, CheckerViews views)
{
    public string Name { get; } = name;

    public CheckerViews Views { get; } = views;

    /// <summary>The world that is watched; set before anything happens in it.</summary>
    public World World { get; internal set; } = null!;

    /// <summary>Whether the run may end as far as this rule is concerned, once the clients have what they
    /// wanted.</summary>
    public virtual bool IsAtRest => true;

    /// <summary>A process begins, with what its disk held.</summary>
    public virtual void OnStarted(SimHost host, RecoveredLog recovered)
    {
    }

    /// <summary>A process died.</summary>
    public virtual void OnEnded(SimHost host, CrashExtent extent)
    {
    }

    /// <summary>A node took an input; its effects are not yet carried out.</summary>
    public virtual void OnStep(SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
    }

    /// <summary>A node got a message.</summary>
    public virtual void OnReceived(SimHost host, NodeId from, Message message)
    {
    }

    /// <summary>A message leaves its node.</summary>
    public virtual void OnSent(SimHost host, NodeId to, Message message)
    {
    }

    /// <summary>An effect that is no message is carried out.</summary>
    public virtual void OnEffect(SimHost host, NodeEffect effect)
    {
    }

    /// <summary>The disk holds every record up to <paramref name="lsn"/>.</summary>
    public virtual void OnDurable(SimHost host, long lsn)
    {
    }

    public virtual void OnProcessStarted(SimProcess process)
    {
    }

    public virtual void OnProcessEnded(SimProcess process)
    {
    }

    /// <summary>A client asked its node.</summary>
    public virtual void OnAsked(SimHost host, long requestId, ClientRequest request)
    {
    }

    /// <summary>A client's request was answered.</summary>
    public virtual void OnAnswer(
        SimHost host, ClientRequest request, ClientResponse response, Instant askedAt)
    {
    }

    /// <summary>Every <see cref="CheckBoard.SampleEvery"/> events.</summary>
    public virtual void OnSample()
    {
    }

    /// <summary>The run is over: everything has ended, or had its time to.</summary>
    public virtual void OnEnd()
    {
    }

    protected void Require(bool holds, Func<string> message)
    {
        if (!holds) throw Broken(message());
    }

    protected CheckFailedException Broken(string message) => new(Name, $"at {World.Now}: {message}");
}

/// <summary>What a checker wants to see beyond lives, processes, requests and the end.</summary>
[Flags]
public enum CheckerViews : byte
{
    None = 0,
    Steps = 1,
    Received = 2,
    Sent = 4,
    Effects = 8,
    Samples = 16,
}

/// <summary>A rule was broken: the run has failed.</summary>
public sealed class CheckFailedException(string checker, string message, Exception? cause = null)
    : Exception($"{checker}: {message}", cause)
{
    public string Checker { get; } = checker;
}
