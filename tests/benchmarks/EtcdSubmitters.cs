using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Hyperscale.Det.Idempotency;

namespace Hyperscale.Det.Benchmarks;

/// <summary>Puts a key where there is none, through etcd's JSON gateway.</summary>
internal sealed class EtcdHttpSubmitter(IPEndPoint member) : ISubmitter
{
    private static readonly string Value = Convert.ToBase64String(Encoding.ASCII.GetBytes(SubmittedJob.Json));

    private readonly HttpConnection _connection = new(member);

    public async Task<string?> SubmitAsync(long number)
    {
        var key = Convert.ToBase64String(Encoding.ASCII.GetBytes(SubmittedJob.KeyOf(number).Text));
        var txn = $$$"""
            {"compare":[{"key":"{{{key}}}","target":"CREATE","createRevision":"0"}],
            "success":[{"requestPut":{"key":"{{{key}}}","value":"{{{Value}}}"}}]}
            """;
        var (status, body) = await _connection.PostAsync("/v3/kv/txn", "", txn);
        var isTaken = status == 200 && body.Contains("\"succeeded\":true", StringComparison.Ordinal);
        return isTaken ? null : $"{status} {body}";
    }

    public void Dispose() => _connection.Dispose();
}

/// <summary>Puts a key where there is none, through etcd's gRPC; several share one handler's
/// connections.</summary>
internal sealed class EtcdGrpcSubmitter(HttpClient client, IPEndPoint member) : ISubmitter
{
    private const int PrefixBytes = 5;

    // etcdserverpb.TxnResponse.succeeded, a bool.
    private const byte SucceededTag = 0x10;
    private const byte HeaderTag = 0x0A;

    private static readonly byte[] Value = Encoding.ASCII.GetBytes(SubmittedJob.Json);

    private readonly Uri _uri = new($"http://{member}/etcdserverpb.KV/Txn");

    public async Task<string?> SubmitAsync(long number)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _uri)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Txn(SubmittedJob.KeyOf(number))),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        using var response = await client.SendAsync(request);
        var body = await response.Content.ReadAsByteArrayAsync();
        if (HasSucceeded(body)) return null;
        var status = string.Join(' ', response.TrailingHeaders.SelectMany(header => header.Value));
        return $"{(int)response.StatusCode} {status}";
    }

    public void Dispose()
    {
        // The HTTP client is not its own.
    }

    // TxnRequest { compare: [{ CREATE, key, create_revision: 0 }], success: [{ put { key, value } }] }
    private static byte[] Txn(IdempotencyKey key)
    {
        var name = Encoding.ASCII.GetBytes(key.Text);
        byte[] compare = [0x10, 0x01, .. Field(0x1A, name), 0x28, 0x00];
        var put = Field(0x0A, [.. Field(0x0A, name), .. Field(0x12, Value)]);
        byte[] txn = [.. Field(0x0A, compare), .. Field(0x12, put)];
        return [0, 0, 0, (byte)(txn.Length >> 8), (byte)txn.Length, .. txn];
    }

    // Lengths of up to two bytes: 16383 is the most.
    private static byte[] Field(byte tag, byte[] bytes) => bytes.Length < 0x80
        ? [tag, (byte)bytes.Length, .. bytes]
        : [tag, (byte)(bytes.Length | 0x80), (byte)(bytes.Length >> 7), .. bytes];

    // The response begins with its header, whose length is one byte; then comes whether it succeeded.
    private static bool HasSucceeded(ReadOnlySpan<byte> body)
    {
        if (body.Length < PrefixBytes + 4 || body[PrefixBytes] != HeaderTag) return false;
        var after = PrefixBytes + 2 + body[PrefixBytes + 1];
        return body.Length > after + 1 && body[after] == SucceededTag && body[after + 1] == 1;
    }
}
