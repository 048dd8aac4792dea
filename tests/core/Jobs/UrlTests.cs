using System.Text.Json;
using CsCheck;
using Hyperscale.Det.Jobs;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>Which URLs a job may put load on.</summary>
public sealed class UrlTests
{
    [Theory]
    [InlineData("http://h")]
    [InlineData("HTTPS://a.example:8443/x?y=%20&z")]
    [InlineData("http://127.0.0.1:1/")]
    [InlineData("http://a.example./")]
    [InlineData("http://my_service/")]
    [InlineData("http://[::1]:80/")]
    [InlineData("http://[2001:db8::]/")]
    [InlineData("http://[1:2:3:4:5:6:7:8]/")]
    [InlineData("http://[::ffff:10.0.0.1]/")]
    [InlineData("http://h?q")]
    public void An_absolute_http_url_is_allowed(string url) => Assert.Empty(Faults(url));

    [Theory]
    [InlineData("")]
    [InlineData("h/path")]
    [InlineData("/path")]
    [InlineData("http:/h")]
    [InlineData("http://")]
    [InlineData("http://?q")]
    [InlineData("http://h:/")]
    [InlineData("http://h:65536/")]
    [InlineData("http://h:80a/")]
    [InlineData("http://a..b/")]
    [InlineData("http://-a/")]
    [InlineData("http://a,b/")]
    [InlineData("http://[::1/")]
    [InlineData("http://[]/")]
    [InlineData("http://[1:2:3]/")]
    [InlineData("http://[::1::]/")]
    [InlineData("http://[1:2:3:4:5:6:7::8]/")]
    [InlineData("http://[1:2:3::4:5:6::7:8]/")]
    [InlineData("http://[::256.0.0.1]/")]
    [InlineData("http://[::12345]/")]
    [InlineData("http://[fe80::1%25eth0]/")]
    [InlineData("http://h/\u00E4")]
    [InlineData("http://h/a{b}")]
    [InlineData("http://h/a\tb")]
    public void Anything_else_is_refused(string url) =>
        Assert.Equal("$.workflows[0].http.url", Assert.Single(Faults(url)).Path);

    [Fact]
    public void What_is_allowed_is_a_url_for_the_runtime_too()
    {
        var part = Gen.OneOf(
            Gen.Const("http://"), Gen.Const("a"), Gen.Const("."), Gen.Const(":"), Gen.Const("[::1]"),
            Gen.Const("1"), Gen.Const("/"), Gen.Const("?"), Gen.Const("_"), Gen.Const("-"), Gen.Const("%"),
            Gen.Const("["), Gen.Const("]"), Gen.Const("::"), Gen.Const("80"), Gen.Const("256.1"));
        var allowed = 0;
        part.Array[1, 8].Sample(
            parts =>
            {
                var url = $"http://{string.Concat(parts)}";
                if (Faults(url).Count > 0) return;
                Interlocked.Increment(ref allowed);
                Assert.True(Uri.TryCreate(url, UriKind.Absolute, out var uri), url);
                Assert.Equal("http", uri!.Scheme);
            },
            iter: 50_000);
        Assert.True(allowed > 1_000, $"only {allowed} were allowed");
    }

    private static List<JobFault> Faults(string url)
    {
        var json = $$"""
            { "name": "j", "workflows": [ { "name": "w", "kind": "http", "duration": 1, "vus": 1,
                "http": { "url": {{JsonSerializer.Serialize(url)}} } } ] }
            """;
        var faults = new List<JobFault>();
        JobFile.Read(json, faults);
        return faults;
    }
}
