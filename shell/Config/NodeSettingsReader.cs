using System.Net;
using System.Text.Json;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Shell.Config;

/// <summary>Reads a node's configuration file strictly and reports every fault at once.</summary>
public sealed class NodeSettingsReader
{
    private const int GroupsMax = ProtocolLimits.GroupsMax;
    private const int ClusterIdMax = 64;
    private const string NodeName = "a node name of 1 to 64 characters of a-z 0-9 - _ . /";
    private const string Roles = "gate, manager or worker";
    private const string ListenAddress =
        "an IP address and port such as 127.0.0.1:7101, [::1]:7101 or 0.0.0.0:7101 (port 0 takes a free one)";

    private static readonly JsonDocumentOptions Strictly = new() { AllowDuplicateProperties = false };

    private readonly List<string> _faults = [];
    private readonly Dictionary<NodeId, PeerAddress> _addresses = [];
    private readonly Dictionary<NodeId, string> _idPaths = [];
    private readonly Dictionary<PeerAddress, string> _addressPaths = [];

    private readonly GivenSettings _settings;

    private NodeSettingsReader(GivenSettings settings) => _settings = settings;

    /// <summary>Reads a file, and the settings of this process's environment beside it; paths in the file are
    /// relative to its own directory.</summary>
    /// <exception cref="ConfigException">The file cannot be used.</exception>
    public static NodeSettings Read(string file)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ConfigException($"{file} cannot be read: {e.Message}");
        }

        return Parse(
            bytes, file, Path.GetDirectoryName(Path.GetFullPath(file))!, GivenSettings.OfProcess());
    }

    /// <param name="file">Name for error messages.</param>
    /// <param name="directory">What relative paths are relative to.</param>
    /// <param name="environment">Settings that count before those of the file.</param>
    /// <exception cref="ConfigException">The text or a setting cannot be used.</exception>
    public static NodeSettings Parse(
        ReadOnlyMemory<byte> utf8Json,
        string file,
        string directory,
        IReadOnlyList<GivenSetting> environment)
    {
        var reader = new NodeSettingsReader(new GivenSettings(environment));
        NodeSettings? settings;
        try
        {
            using var document = JsonDocument.Parse(utf8Json, Strictly);
            settings = reader.ReadNode(document.RootElement, directory);
        }
        catch (JsonException e)
        {
            throw new ConfigException($"{file} is not valid JSON: {e.Message}");
        }

        if (settings is not null && reader._faults.Count == 0) return settings;
        throw new ConfigException(string.Join('\n', reader._faults.Select(fault => $"{file}: {fault}")));
    }

    private NodeSettings? ReadNode(JsonElement root, string directory)
    {
        if (StrictObject.Open(root, "$", _faults) is not { } fields) return null;
        var cluster = fields.Text("clusterId", isRequired: true, "a text of 1 to 64 characters");
        if (cluster.Length > ClusterIdMax) fields.Fault("clusterId", "is longer than 64 characters");
        var id = Name(fields, "nodeId");
        var role = Role(fields);
        var hasData = role is NodeRole.Gate or NodeRole.Manager;
        var hasDatacenter = role is NodeRole.Manager or NodeRole.Worker;
        var datacenter = fields.Text("datacenter", hasDatacenter, "a datacenter's name");
        var listen = Listen(fields, "listen", isRequired: hasData);
        var http = Listen(fields, "httpListen", isRequired: role is NodeRole.Gate);
        var data = fields.Text("dataDirectory", hasData, "a directory's path");
        var cores = role is NodeRole.Worker ? fields.Integer("cores", 1, JobLimits.CoresMax, null) : 0;
        var topology = ReadTopology(fields, cluster);
        if (fields.Take("settings") is { } given) _settings.Add(given, _faults);
        var settings = _settings.Read(_faults);
        fields.Done();
        if (id is null || role is null || topology is null) return null;
        var node = new NodeSettings(
            id.Value, role.Value, datacenter, listen, http,
            data.Length == 0 ? "" : Path.GetFullPath(data, directory), cores, topology, _addresses,
            settings);
        CheckPlace(fields, node);
        return node;
    }

    private Topology? ReadTopology(StrictObject node, string cluster)
    {
        if (node.Take("topology") is not { } element)
        {
            node.Fault("topology", "is missing; an object with gates and datacenters is needed");
            return null;
        }

        if (StrictObject.Open(element, "$.topology", _faults) is not { } fields) return null;
        var gates = Members(fields, "gates");
        var datacenters = new List<DatacenterTopology>();
        foreach (var (path, item) in fields.List("datacenters", "a list of {name, managers}"))
        {
            if (StrictObject.Open(item, path, _faults) is not { } datacenter) continue;
            var name = datacenter.Text("name", isRequired: true, "a datacenter's name");
            if (name.Length > JobLimits.NameLengthMax)
                datacenter.Fault("name", $"is longer than {JobLimits.NameLengthMax} characters");
            if (name.Length > 0 && datacenters.Any(other => other.Name == name))
                datacenter.Fault("name", $"'{name}' is given twice; every datacenter needs its own");
            var managers = Members(datacenter, "managers");
            if (managers.Count > Topology.ReplicasMax)
                datacenter.Fault(
                    "managers", $"has {managers.Count} members; {Topology.ReplicasMax} are the most");
            datacenters.Add(new DatacenterTopology(name, managers));
            datacenter.Done();
        }

        var groups = fields.Integer("ledgerGroups", 1, GroupsMax, absent: 64);
        var replicas = fields.Integer("replicasPerGroup", 1, Topology.ReplicasMax, absent: 3);
        fields.Done();
        return new Topology(cluster, gates, datacenters, groups, replicas);
    }

    private List<NodeId> Members(StrictObject parent, string name)
    {
        var members = new List<NodeId>();
        foreach (var (path, item) in parent.List(name, "a list of {id, address}"))
        {
            if (StrictObject.Open(item, path, _faults) is not { } fields) continue;
            var id = Name(fields, "id");
            var text = fields.Text("address", isRequired: true, PeerAddress.Grammar);
            fields.Done();
            var isAddress = PeerAddress.TryParse(text, out var address);
            if (!isAddress && text.Length > 0)
                fields.Fault("address", $"'{text}' is no address; {PeerAddress.Grammar} is needed");
            if (id is null || !isAddress) continue;
            if (!_idPaths.TryAdd(id.Value, fields.PathOf("id")))
                fields.Fault(
                    "id", $"'{id}' is already the node at {_idPaths[id.Value]}; every node needs its own");
            if (!_addressPaths.TryAdd(address, fields.PathOf("address")))
                fields.Fault("address", $"'{address}' is already used at {_addressPaths[address]}");
            _addresses[id.Value] = address;
            members.Add(id.Value);
        }

        return members;
    }

    private static NodeId? Name(StrictObject fields, string field)
    {
        var text = fields.Text(field, isRequired: true, NodeName);
        if (text.Length == 0) return null;
        if (NodeId.IsValid(text)) return NodeId.Of(text);
        fields.Fault(field, $"'{text}' is not allowed; {NodeName} is needed");
        return null;
    }

    private static NodeRole? Role(StrictObject fields)
    {
        var text = fields.Text("role", isRequired: true, Roles);
        switch (text)
        {
            case "gate": return NodeRole.Gate;
            case "manager": return NodeRole.Manager;
            case "worker": return NodeRole.Worker;
            case "": return null;
            default:
                fields.Fault("role", $"'{text}' is no role; {Roles} is needed");
                return null;
        }
    }

    private static IPEndPoint? Listen(StrictObject fields, string field, bool isRequired)
    {
        var text = fields.Text(field, isRequired, ListenAddress);
        if (text.Length == 0) return null;
        // A bare address parses too, as one with port 0, which nobody means.
        var port = text.LastIndexOf(':');
        if (port > text.LastIndexOf(']') && IPEndPoint.TryParse(text, out var endpoint)
            && endpoint.ToString() == text)
            return endpoint;
        fields.Fault(field, $"'{text}' cannot be listened on; {ListenAddress} is needed");
        return null;
    }

    private void CheckPlace(StrictObject fields, NodeSettings node)
    {
        var id = node.Id;
        var managers = node.Topology.Datacenter(node.Datacenter)?.Managers;
        var names = string.Join(", ", node.Topology.Datacenters.Select(dc => dc.Name));
        var isGate = node.Role is NodeRole.Gate;
        if (isGate && !node.Topology.Gates.Contains(id))
            fields.Fault("nodeId", $"gate '{id}' is not in $.topology.gates");
        if (isGate && node.Datacenter.Length > 0)
            fields.Fault("datacenter", "a gate belongs to no datacenter; leave the field out");
        if (!isGate && node.HttpListen is not null)
            fields.Fault("httpListen", "only gates serve HTTP; leave the field out");
        if (!isGate && managers is null && node.Datacenter.Length > 0)
            fields.Fault("datacenter", $"'{node.Datacenter}' is not in $.topology.datacenters: {names}");
        if (node.Role is NodeRole.Manager && managers is not null && !managers.Contains(id))
            fields.Fault("nodeId", $"manager '{id}' is not among the managers of '{node.Datacenter}'");
        if (node.Role is not NodeRole.Worker) return;
        if (node.DataDirectory.Length > 0)
            fields.Fault("dataDirectory", "a worker keeps no data; leave the field out");
        if (_idPaths.TryGetValue(id, out var path))
            fields.Fault("nodeId", $"'{id}' is already the node at {path}; every node needs its own");
    }
}
