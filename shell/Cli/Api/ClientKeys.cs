using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Shell.Disk;

namespace Hyperscale.Det.Shell.Cli.Api;

/// <summary>Makes the keys of this user's submissions. The client's name and the next sequence are in a small
/// file, so that they outlast the process; a sequence is on disk as used before its key leaves.</summary>
/// <param name="directory">Made if need be.</param>
internal sealed class ClientKeys(string directory)
{
    private const string First = "hyperscale client 1";
    private const string StateName = "client";

    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(10);

    private string StateFile => Path.Combine(directory, StateName);

    /// <summary>Where the user's programs keep such things.</summary>
    public static ClientKeys OfUser()
    {
        var state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
        if (string.IsNullOrEmpty(state) || !Path.IsPathRooted(state))
        {
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            state = Path.Combine(home.Length == 0 ? Path.GetTempPath() : home, ".local", "state");
        }

        return new ClientKeys(Path.Combine(state, "hyperscale"));
    }

    /// <summary>The key of a new request. Where no name can be kept, a new one is drawn: the key is unique
    /// all the same.</summary>
    /// <param name="note">Told why no name is kept.</param>
    public IdempotencyKey Next(Action<string> note)
    {
        try
        {
            Directory.CreateDirectory(directory);
            var path = Path.Combine(directory, "client.lock");
            var descriptor = NativeDisk.OpenOrCreateFile(path);
            try
            {
                Lock(descriptor, path);
                return TakeNext();
            }
            finally
            {
                NativeDisk.Close(descriptor, path);
            }
        }
        catch (Exception e) when (e is DiskFailureException or IOException or UnauthorizedAccessException)
        {
            note($"submissions get a new client name each time: {e.Message}");
            return new IdempotencyKeyGenerator(NewClientId(), 0, Random()).Next();
        }
    }

    private IdempotencyKey TakeNext()
    {
        var (clientId, sequence) = Read() ?? (NewClientId(), 0);
        // Drawn in every process: should the file ever be lost or set back, no key is made twice.
        var keys = new IdempotencyKeyGenerator(clientId, sequence, Random());
        var key = keys.Next();
        Write(clientId, keys.NextSequence);
        return key;
    }

    private (string ClientId, long Sequence)? Read()
    {
        if (!File.Exists(StateFile)) return null;
        var lines = File.ReadAllLines(StateFile);
        if (lines is [First, var clientId, var digits]
            && IdempotencyKey.IsClientId(clientId)
            && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
            && sequence < long.MaxValue)
            return (clientId, sequence);
        throw new IOException($"{StateFile} is not a file of this program");
    }

    private void Write(string clientId, long next)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{First}\n{clientId}\n{next}\n");
        DurableFile.Write(directory, StateName, Encoding.ASCII.GetBytes(text));
    }

    /// <summary>Waits for another process of this user, which holds it for a moment; no call of the system
    /// waits for a lock and gives up in time.</summary>
    private static void Lock(int descriptor, string path)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!NativeDisk.TryLock(descriptor, path))
        {
            if (TimeProvider.System.GetElapsedTime(began) > LockPatience)
                throw new IOException($"another process holds {path}");
            Thread.Sleep(LockPause);
        }
    }

    private static string NewClientId() =>
        string.Create(CultureInfo.InvariantCulture, $"cli-{Random():x16}");

    private static ulong Random() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
}
