using Hyperscale.Det.Shell.Disk;

namespace Hyperscale.Det.Shell.Cluster;

/// <summary>Where a cluster's nodes keep their data: a directory of the user's, or one that ends with the
/// cluster.</summary>
internal sealed class ClusterDirectory : IDisposable
{
    private const string Prefix = "hyperscale-";

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
            var place = path ?? $"below {System.IO.Path.GetTempPath()}";
            throw new DataDirectoryException(
                $"the data directory {place} cannot be used: {e.Message}; a directory that this user may "
                + "write is needed");
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
}
