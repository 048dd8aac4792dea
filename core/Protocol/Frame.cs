namespace Hyperscale.Det.Protocol;

/// <summary>What surrounds a payload on a stream: length, CRC32C of the payload, payload; little
/// endian.</summary>
public static class Frame
{
    /// <summary>Largest encoded message on a stream: 16 MiB.</summary>
    public const int PayloadBytesMax = 16 * 1024 * 1024;

    /// <summary>Largest encoded message in a datagram, its frame included.</summary>
    public const int DatagramBytesMax = 1400;

    public const int HeaderBytes = 8;
}
