using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Hyperscale.Det.Shell.Processes;
using Microsoft.Win32.SafeHandles;

namespace Hyperscale.Det.Shell.Workloads;

/// <summary>A workload process's two pipes to its worker: orders come in on descriptor 0, reports leave on
/// descriptor 3.</summary>
/// <remarks>Each order is one byte after the first, which is length-prefixed JSON. That the pipe ends means
/// that the worker is gone, however it died.</remarks>
internal sealed class WorkloadControl : IDisposable
{
    public const int ReportDescriptor = 3;
    public const byte Terminate = (byte)'T';
    public const byte Kill = (byte)'K';
    public const byte HoldRamp = (byte)'H';
    public const byte ResumeRamp = (byte)'R';

    private const int OrderBytesMax = 64 * 1024 * 1024;

    private readonly FileStream _orders = new(new SafeFileHandle(0, true), FileAccess.Read, 0);
    private readonly FileStream _reports =
        new(new SafeFileHandle(ReportDescriptor, true), FileAccess.Write, 0);

    public WorkloadControl() => NativeProcess.KeepFromChildren(ReportDescriptor);

    /// <summary>The first order as bytes, for the worker's end of the pipe.</summary>
    public static byte[] Encode<T>(T order, JsonTypeInfo<T> type)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(order, type);
        var bytes = new byte[sizeof(int) + json.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, sizeof(int));
        return bytes;
    }

    public T ReadOrder<T>(JsonTypeInfo<T> type)
    {
        Span<byte> prefix = stackalloc byte[sizeof(int)];
        _orders.ReadExactly(prefix);
        var length = BinaryPrimitives.ReadInt32LittleEndian(prefix);
        if (length is <= 0 or > OrderBytesMax)
            throw new InvalidDataException($"an order of {length} bytes; 1 to {OrderBytesMax} are allowed");
        var json = new byte[length];
        _orders.ReadExactly(json);
        return JsonSerializer.Deserialize(json, type)
            ?? throw new InvalidDataException("an order of nothing");
    }

    /// <summary>Calls back for each later order and for <see cref="Kill"/> once the worker is gone, on a
    /// thread of its own, so that no busy thread pool delays it.</summary>
    public void Listen(Action<byte> onOrder)
    {
        var thread = new Thread(() =>
        {
            int order;
            while ((order = _orders.ReadByte()) >= 0) onOrder((byte)order);
            onOrder(Kill);
        })
        { IsBackground = true, Name = "workload orders" };
        thread.Start();
    }

    // The orders are read until the process ends.
    public void Dispose() => _reports.Dispose();

    /// <summary>Tells the worker; does nothing when it is gone, as nobody is left to tell.</summary>
    public void Report(WorkloadReport report)
    {
        try
        {
            _reports.Write(report.ToLine());
        }
        // The orders have ended too, and that is what ends this process.
        catch (IOException)
        {
        }
    }
}
