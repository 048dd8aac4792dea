namespace Hyperscale.Det.Shell.Cluster;

/// <summary>Where a cluster's nodes keep their data: a directory of the user's, or one that ends with the
/// cluster.</summary>
internal sealed class ClusterDirectory : IDisposable
{
    private readonly bool _isTemporary;

    private ClusterDirectory(string path, bool isTemporary) => (Path, _isTemporary) = (path, isTemporary);

    public string Path { get; }

    /// <summary>Takes the directory at <paramref name="path"/>, or makes a temporary one for null.</summary>
    public static ClusterDirectory Open(string? path) => path is null
        ? new ClusterDirectory(Directory.CreateTempSubdirectory("hyperscale-").FullName, isTemporary: true)
        : new ClusterDirectory(System.IO.Path.GetFullPath(path), isTemporary: false);

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
