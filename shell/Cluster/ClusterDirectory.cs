using System.Text;
using Hyperscale.Det.Shell.Disk;

namespace Hyperscale.Det.Shell.Cluster;

/// <summary>Where a cluster's nodes keep their data: a directory of the user's, or one that ends with the
/// cluster.</summary>
internal sealed class ClusterDirectory : IDisposable
{
    private const string Prefix = "hyperscale-";
    private const string Mark = "cluster";

    private readonly bool _isTemporary;

    private ClusterDirectory(string path, bool isTemporary) => (Path, _isTemporary) = (path, isTemporary);

    public string Path { get; }

    /// <summary>Takes the directory at <paramref name="path"/>, or makes a temporary one for null.</summary>
    /// <exception cref="DataDirectoryException">There can be no such directory.</exception>
    public static ClusterDirectory Open(string? path)
    {
        try
        {
            return path is null
                ? new ClusterDirectory(Directory.CreateTempSubdirectory(Prefix).FullName, isTemporary: true)
                : new ClusterDirectory(System.IO.Path.GetFullPath(path), isTemporary: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Refusal(path ?? $"below {System.IO.Path.GetTempPath()}", e);
        }
    }

    /// <summary>Makes the cluster's disks the first time: from then on a node that finds its own empty has
    /// lost it.</summary>
    /// <param name="shape">How many nodes with disks the cluster has, in words; it is the same every
    /// time.</param>
    /// <param name="initNodes">Makes the nodes' disks, but for those that are made.</param>
    /// <exception cref="DataDirectoryException">The directory cannot be used, or is another cluster's.
    /// </exception>
    public void InitOnce(string shape, Action initNodes)
    {
        var mark = System.IO.Path.Combine(Path, Mark);
        try
        {
            if (File.Exists(mark))
            {
                var found = File.ReadAllText(mark).TrimEnd();
                if (found == shape) return;
                throw new DataDirectoryException(
                    $"the data directory {Path} holds a cluster of {found}; this one has {shape}. Ask for "
                    + "the same again or give it a directory of its own");
            }

            initNodes();
            if (!_isTemporary) DurableFile.Write(Path, Mark, Encoding.UTF8.GetBytes($"{shape}\n"));
        }
        catch (Exception e) when (e is UnauthorizedAccessException or DirectoryNotFoundException)
        {
            throw Refusal(Path, e);
        }
    }

    public void Dispose()
    {
        if (!_isTemporary) return;
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        // It is gone already.
        catch (DirectoryNotFoundException)
        {
        }
    }

    private static DataDirectoryException Refusal(string place, Exception cause) => new(
        $"the data directory {place} cannot be used: {cause.Message}; a directory that this user may write "
        + "is needed");
}
