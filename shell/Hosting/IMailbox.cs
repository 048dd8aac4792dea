namespace Hyperscale.Det.Shell.Hosting;

/// <summary>The one queue between all threads of a process and a node's host: many writers, one reader, one
/// order.</summary>
public interface IMailbox<T>
{
    /// <summary>Adds an item; waits while the mailbox is at its bound, which is how a busy node slows down
    /// its peers and clients. False when the mailbox is closed: the item was not taken.</summary>
    ValueTask<bool> PostAsync(T item, CancellationToken cancellation);

    /// <summary>Adds an item whatever the bound, for events that cannot wait without a deadlock and whose
    /// number is bounded where they arise (disk, timer, workloads). False when the mailbox is
    /// closed.</summary>
    bool Signal(T item);

    /// <summary>Waits for at least one item; false once the mailbox is closed and empty.</summary>
    ValueTask<bool> WaitAsync();

    /// <summary>Moves up to <paramref name="max"/> items, oldest first, to the end of
    /// <paramref name="batch"/>.</summary>
    void Drain(List<T> batch, int max);

    /// <summary>Takes no more items; those inside can still be drained.</summary>
    void Close();
}
