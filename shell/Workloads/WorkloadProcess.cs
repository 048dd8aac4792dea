using System.Diagnostics;
using System.Text;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Processes;
using Hyperscale.Det.Shell.Resources;
using Hyperscale.Det.Slo;
using Microsoft.Win32.SafeHandles;

namespace Hyperscale.Det.Shell.Workloads;

/// <summary>One attempt's process tree, from its start until nothing of it is left.</summary>
/// <remarks>Runs on two threads of its own: the one that starts the process and reads its reports outlives
/// it, which the kernel's parent death signal needs; the other one reads its output.</remarks>
internal sealed class WorkloadProcess
{
    // How long a process of ours may take to end its tree before the worker does it.
    private static readonly TimeSpan KillGrace = TimeSpan.FromMilliseconds(300);

    // A process that runs as another user, or is stuck in the kernel, would be waited for without end.
    private static readonly TimeSpan SweepMax = TimeSpan.FromSeconds(5);

    private readonly WorkloadProgram _program;
    private readonly AttemptKey _attempt;
    private readonly string _mode;
    private readonly byte[] _order;
    private readonly bool _isPaced;
    private readonly Action<NodeInput> _deliver;
    private readonly IResourceEnforcer _enforcer;
    private readonly bool _holdsRoot;
    private readonly OutputTail _output = new(JobLimits.OutputBytesMax);
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();

    // Whoever kills has it, and the end for as long as it takes to reap the root: while a kill is at work,
    // the root's id is to name nobody else. Never waited for while holding the other one.
    private readonly Lock _killing = new();
    private FileStream? _control;
    private IHeldTree? _tree;
    private ThrottleOrder? _throttle;
    private bool _isRampHeld;
    private int _pid;

    // Nothing is told before the first order, which the process could not tell from its length.
    private bool _isOrdered;
    private bool _isTerminated;
    private bool _isKilled;
    private RunStats _stats = RunStats.None;

    // Latencies that came with the end.
    private LatencyDigest _recent = LatencyDigest.Empty;
    private int? _exitCode;
    private string? _fault;

    // Nothing is left of the tree.
    private bool _isEmpty;

    public WorkloadProcess(
        WorkloadProgram program,
        AttemptKey attempt,
        WorkflowSpec workflow,
        IResourceEnforcer enforcer,
        Action<NodeInput> deliver)
    {
        _enforcer = enforcer;
        // A command's supervisor has to hear us while the command is held back.
        _holdsRoot = workflow.Kind == WorkflowKind.Http;
        _program = program;
        _attempt = attempt;
        _deliver = deliver;
        _isPaced = workflow.Rate is not null;
        (_mode, _order) = WorkloadOrders.For(attempt, workflow);
    }

    /// <summary>Ends once the tree is gone and its end was told.</summary>
    public Task Gone => _gone.Task;

    public void Start() => new Thread(Run) { IsBackground = true, Name = $"workload {_attempt}" }.Start();

    public void Stop(WorkloadSignal signal)
    {
        lock (_lock)
        {
            _isTerminated = true;
            _isKilled |= signal == WorkloadSignal.Kill;
            if (_pid != 0) PassOn(signal);
        }
    }

    public void Throttle(ThrottleOrder? order)
    {
        lock (_lock)
        {
            _throttle = order;
            _tree?.Throttle(order);
        }
    }

    /// <summary>Lets a load generator start no further users, or go on.</summary>
    public void HoldRamp(bool isHeld)
    {
        lock (_lock)
        {
            _isRampHeld = isHeld;
            // One that has ended has closed its pipe.
            if (!_isOrdered || _pid == 0) return;
            Tell([isHeld ? WorkloadControl.HoldRamp : WorkloadControl.ResumeRamp]);
        }
    }

    /// <summary>What the tree uses; null when that cannot be told.</summary>
    public TreeReading? Read(Instant at)
    {
        IHeldTree? tree;
        lock (_lock) tree = _tree;
        return tree?.Read(at);
    }

    private void Run()
    {
        try
        {
            RunProcess();
        }
        // Whatever kept us from running it, the node must learn that this attempt has ended.
        catch (Exception e)
        {
            _fault ??= $"the workload could not be run: {e.Message}";
        }

        _deliver(new NodeInput.WorkloadExited(_attempt, _exitCode, _stats, _output.ToArray(), _fault)
        {
            Recent = _recent,
        });
        _gone.SetResult();
    }

    private void RunProcess()
    {
        var (orders, control) = NativeProcess.Pipe();
        var (output, outputWriter) = NativeProcess.Pipe();
        var (reports, reportWriter) = NativeProcess.Pipe();
        using var controlStream = new FileStream(new SafeFileHandle(control, true), FileAccess.Write, 0);
        using var reportStream = new FileStream(new SafeFileHandle(reports, true), FileAccess.Read, 0);
        var outputStream = new FileStream(new SafeFileHandle(output, true), FileAccess.Read, 0);
        var pid = Spawn.Start(
            [_program.Path, _mode],
            WorkloadOrders.OwnEnvironment(_isPaced),
            [orders, outputWriter, outputWriter, reportWriter],
            NativeProcess.SetSession,
            out var error);
        NativeProcess.Close(orders);
        NativeProcess.Close(outputWriter);
        NativeProcess.Close(reportWriter);
        if (pid == 0)
        {
            outputStream.Dispose();
            _fault = WorkloadOrders.StartFault(_program.Path, error);
            return;
        }

        var outputReader = new Thread(() => ReadOutput(outputStream)) { IsBackground = true };
        outputReader.Start();
        var exitCode = 0;
        try
        {
            Attach(pid, controlStream);
            ReadReports(reportStream);
        }
        catch (Exception e)
        {
            // It would wait for an order that does not come.
            _fault ??= $"the workload could not be run: {e.Message}";
        }
        finally
        {
            exitCode = End(pid);
        }

        // Everyone who could write has ended; only a process that slipped out of the tree can hold it open.
        var isOver = outputReader.Join(TimeSpan.FromSeconds(1));
        Judge(exitCode);
        if (!_isEmpty) AddFault("a process of the workload could not be killed");
        else if (!isOver) AddFault("a process of the workload escaped");
    }

    private void Attach(int pid, FileStream control)
    {
        // Before the order: whatever the process starts is in the tree from its first moment on.
        var tree = _enforcer.Hold(pid, _holdsRoot);
        lock (_lock)
        {
            (_pid, _control, _tree) = (pid, control, tree);
            if (_throttle is not null) _tree.Throttle(_throttle);
        }

        Tell(_order);
        lock (_lock)
        {
            _isOrdered = true;
            if (_isRampHeld) Tell([WorkloadControl.HoldRamp]);
            if (_isTerminated) PassOn(_isKilled ? WorkloadSignal.Kill : WorkloadSignal.Terminate);
        }
    }

    private void PassOn(WorkloadSignal signal)
    {
        if (signal == WorkloadSignal.Kill) _ = KillAsync();
        if (!_isOrdered) return;
        Tell([signal == WorkloadSignal.Kill ? WorkloadControl.Kill : WorkloadControl.Terminate]);
    }

    private void Tell(byte[] bytes)
    {
        try
        {
            _control!.Write(bytes);
        }
        // It has ended already, and the thread that reads its reports is about to learn so. An order that did
        // not arrive shows as an end without numbers.
        catch (IOException)
        {
        }
    }

    // The process kills its tree itself, unless it was stopped, killed or hangs.
    private async Task KillAsync()
    {
        if (await Task.WhenAny(Gone, Task.Delay(KillGrace)) == Gone) return;
        // Whoever is at it ends the root, too.
        if (!_killing.TryEnter()) return;
        try
        {
            int pid;
            IHeldTree? tree;
            lock (_lock) (pid, tree) = (_pid, _tree);
            if (pid != 0) KillTree(pid, tree);
        }
        finally
        {
            _killing.Exit();
        }
    }

    private static void KillTree(int pid, IHeldTree? tree)
    {
        try
        {
            // Descendants first: they can be told apart only while their ancestor lives.
            tree?.Kill();
            ProcessTree.KillAndReap(pid);
        }
        finally
        {
            NativeProcess.Signal(pid, NativeProcess.SignalKill);
        }
    }

    private bool Sweep(int pid)
    {
        var started = Stopwatch.GetTimestamp();
        while ((_tree?.Kill() ?? 0) + ProcessTree.KillAndReap(pid) > 0)
        {
            if (Stopwatch.GetElapsedTime(started) > SweepMax) return false;
            Thread.Sleep(1);
        }

        return true;
    }

    private int End(int pid)
    {
        // The reports have ended, so the process has, or it is garbled and must.
        if (_exitCode is null && _fault is not null)
        {
            lock (_killing) KillTree(pid, _tree);
        }

        NativeProcess.AwaitEnd(pid);
        // Not yet reaped, its id names nobody else: what is left of its session can be found by it.
        _isEmpty = Sweep(pid);
        int exitCode;
        IHeldTree? tree;
        lock (_killing)
        {
            lock (_lock)
            {
                _ = NativeProcess.Reap(pid, out exitCode);
                (_pid, tree, _tree) = (0, _tree, null);
            }
        }

        tree?.Dispose();
        return exitCode;
    }

    // What is still there counts whatever else is wrong.
    private void AddFault(string fault) => _fault = _fault is null ? fault : $"{_fault}; {fault}";

    // After its output was read to the end, which tells best why there is no result.
    private void Judge(int exitCode)
    {
        if (_exitCode is not null || _fault is not null) return;
        if (_isTerminated) _exitCode = exitCode;
        else _fault = $"the workload's process ended without a result (exit code {exitCode}){LastWords()}";
    }

    private void ReadReports(Stream reports)
    {
        var lines = new LineReader(reports, WorkloadReport.LineBytesMax);
        while (lines.TryRead(out var line))
        {
            if (!WorkloadReport.TryParse(line, out var load, out var exitCode, out var fault, out var error))
            {
                _fault = $"the workload's process told something unreadable: {error}";
                return;
            }

            _stats = load?.Stats ?? _stats;
            var recent = load?.Recent ?? LatencyDigest.Empty;
            _exitCode = exitCode ?? _exitCode;
            _fault = fault ?? _fault;
            if (_exitCode is not null || _fault is not null)
            {
                _recent = recent;
                return;
            }

            _deliver(new NodeInput.WorkloadReported(_attempt, _stats) { Recent = recent });
        }

        if (lines.IsBroken) _fault = $"the workload's process told a line of over {lines.LengthMax} bytes";
    }

    private void ReadOutput(FileStream output)
    {
        using (output)
        {
            var buffer = new byte[16 * 1024];
            int read;
            while ((read = output.Read(buffer)) > 0) _output.Append(buffer.AsSpan(0, read));
        }
    }

    private string LastWords()
    {
        var text = Encoding.UTF8.GetString(_output.ToArray()).Trim();
        return text == "" ? "" : $": {text[Math.Max(0, text.Length - 300)..]}";
    }
}
