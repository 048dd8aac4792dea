using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>A gate as its datacenters see it: it asks until it is answered, moves a refused slot to its next
/// epoch and sometimes takes a job back.</summary>
internal sealed class StormGate(DispatchStorm storm)
{
    private readonly SortedDictionary<JobId, Order> _orders = [];
    private long _fence = 1;

    private enum Stage { Reserving, Dawdling, Starting, Started, Cancelling, Done }

    public bool IsDone => _orders.Values.All(order => order.Stage == Stage.Done);

    /// <summary>How the slots ended, by job.</summary>
    public IEnumerable<SlotOutcome?> Outcomes => _orders.Values.Select(order => order.Outcome);

    public void Submit(long job, JobSpec spec, Instant at)
    {
        var order = new Order(spec);
        _orders.Add(new JobId(0, job), order);
        storm.At(at, () => Ask(new JobId(0, job)));
        if (!storm.IsCancelled()) return;
        storm.At(at + storm.Rng.Between(Duration.Zero, Duration.FromSeconds(30)), () =>
        {
            if (order.Stage != Stage.Done) order.Stage = Stage.Cancelling;
        });
    }

    public void Receive(Message message)
    {
        // From time to time the gate has restarted.
        if (storm.Happens(1)) _fence++;
        switch (message)
        {
            case Message.SlotReserved m when IsAt(m.Slot, Stage.Reserving):
                OnReserved(m.Slot);
                break;
            case Message.SlotStarted m:
                storm.Checks.OnSlotStarted(m.Slot);
                if (IsAt(m.Slot, Stage.Starting)) _orders[m.Slot.Job].Stage = Stage.Started;
                break;
            case Message.SlotHeld m when IsAt(m.Slot, Stage.Started):
                storm.Deliver(
                    Dispatch.Gate, Dispatch.Manager,
                    new Message.SlotWanted(m.Slot, _fence, m.Boot, m.Question));
                break;
            case Message.SlotRefused m:
                storm.Checks.OnSlotRefused(m.Slot);
                OnRefused(m.Slot);
                break;
            case Message.SlotFinished m:
                storm.Checks.OnFinished(m.Slot, m.Outcome);
                OnFinished(m.Slot, m.Outcome);
                break;
            default:
                break;
        }
    }

    /// <summary>Mostly starts at once, now and then so late that the reservation may have expired.</summary>
    private void OnReserved(SlotKey slot)
    {
        var order = _orders[slot.Job];
        order.Stage = Stage.Dawdling;
        var wait = storm.Happens(10)
            ? storm.Rng.Between(Duration.FromSeconds(5), Duration.FromSeconds(20))
            : Duration.Zero;
        storm.After(wait, () =>
        {
            if (IsAt(slot, Stage.Dawdling)) order.Stage = Stage.Starting;
        });
    }

    private void OnRefused(SlotKey slot)
    {
        var order = _orders[slot.Job];
        if (slot.Epoch != order.Epoch || order.Stage == Stage.Done) return;
        if (order.Stage == Stage.Cancelling) order.Stage = Stage.Done;
        else (order.Stage, order.Epoch) = (Stage.Reserving, order.Epoch + 1);
    }

    private void OnFinished(SlotKey slot, SlotOutcome outcome)
    {
        var order = _orders[slot.Job];
        if (slot.Epoch == order.Epoch)
        {
            order.Stage = Stage.Done;
            order.Outcome = outcome;
        }

        storm.Deliver(Dispatch.Gate, Dispatch.Manager, new Message.SlotResultCommitted(slot, _fence));
    }

    private bool IsAt(SlotKey slot, Stage stage) =>
        _orders[slot.Job] is var order && order.Stage == stage && order.Epoch == slot.Epoch;

    private void Ask(JobId job)
    {
        var order = _orders[job];
        if (order.Stage == Stage.Done) return;
        var slot = new SlotKey(job, 0, order.Epoch);
        Message? command = order.Stage switch
        {
            Stage.Reserving => new Message.ReserveSlot(slot, _fence, order.Spec),
            Stage.Starting => new Message.StartSlot(slot, _fence),
            Stage.Cancelling => new Message.CancelSlot(slot, _fence, "taken back"),
            // What has started is not asked for again: its outcome will come.
            _ => null,
        };
        if (command is not null) storm.Deliver(Dispatch.Gate, Dispatch.Manager, command);
        storm.After(Duration.FromMilliseconds(500), () => Ask(job));
    }

    private sealed class Order(JobSpec spec)
    {
        public JobSpec Spec { get; } = spec;

        public int Epoch { get; set; } = 1;

        public Stage Stage { get; set; } = Stage.Reserving;

        public SlotOutcome? Outcome { get; set; }
    }
}
