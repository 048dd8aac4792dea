using Hyperscale.Det.Jobs;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>Each thing that can be wrong with a job file, and how it is told.</summary>
public sealed class JobSpecFaultTests
{
    private const string Durations =
        "a duration such as 250ms, 90s, 1m30s, 2h, 1d or 1w, or a plain number of seconds, from 1ms to ";

    private const string Name =
        "a name of 1 to 128 characters, without blanks around it and without control characters, is allowed";

    [Theory]
    [InlineData("$.name", null, "is missing; a name for the job is needed")]
    [InlineData("$.name", "null", "is missing; a name for the job is needed")]
    [InlineData("$.name", "7", "is 7; a text is allowed")]
    [InlineData("$.name", "''", "is \"\"; " + Name)]
    [InlineData("$.name", "' a'", "is \" a\"; " + Name)]
    [InlineData("$.name", "'a\\nb'", "is \"a\\u000ab\"; " + Name)]
    [InlineData("$.datacenters", "2", "is 2; an object with count, preferred and only is allowed")]
    [InlineData("$.datacenters.count", "0", "is 0; a whole number from 1 to 64 is allowed")]
    [InlineData("$.datacenters.count", "65", "is 65; a whole number from 1 to 64 is allowed")]
    [InlineData("$.datacenters.count", "1.5", "is 1.5; a whole number from 1 to 64 is allowed")]
    [InlineData("$.datacenters.count", "1e400", "is 1e400; a whole number from 1 to 64 is allowed")]
    [InlineData("$.datacenters.count", "'2'", "is \"2\"; a whole number from 1 to 64 is allowed")]
    [InlineData(
        "$.datacenters.count", "3", "is 3; at most 2, the number of datacenters in only, is allowed")]
    [InlineData("$.datacenters.preferred", "'dc-a'",
        "is \"dc-a\"; a list of names of datacenters is allowed")]
    [InlineData("$.retryBudget", "-1", "is -1; a whole number from 0 to 2147483647 is allowed")]
    [InlineData("$.retryBudgetPerWorkflow", "-1", "is -1; a whole number from 0 to 2147483647 is allowed")]
    [InlineData("$.bestEffort", "true",
        "is true; an object with enabled, minDcs, deadline and waitForAll is allowed")]
    [InlineData("$.bestEffort.enabled", "1", "is 1; true or false is allowed")]
    [InlineData("$.bestEffort.waitForAll", "'no'", "is \"no\"; true or false is allowed")]
    [InlineData("$.bestEffort.deadline", "'-5m'", "is \"-5m\"; " + Durations + "30d is allowed")]
    [InlineData("$.slo", "[]", "is a list; an object with p50Ms, p95Ms and p99Ms is allowed")]
    [InlineData("$.slo.p50Ms", "0", "is 0; a whole number from 1 to 86400000 is allowed")]
    [InlineData("$.slo.p95Ms", "49", "is 49; at least 50, which is p50Ms, is allowed")]
    [InlineData("$.slo.p99Ms", "199", "is 199; at least 200, which is p95Ms, is allowed")]
    [InlineData("$.thresholds", "{}", "is an object; a list of conditions such as p95Ms < 200 is allowed")]
    [InlineData("$.workflows", null, "is missing; a list of 1 to 256 workflows is needed")]
    [InlineData("$.workflows", "[]", "has 0 elements; 1 to 256 are allowed")]
    [InlineData("$.workflows", "{}", "is an object; a list of workflows is allowed")]
    public void A_wrong_field_of_the_job_is_told(string path, string? value, string message) =>
        AssertFault(JobFile.With(path, value), path, message);

    [Theory]
    [InlineData("$.workflows[1].name", null, "is missing; a name of its own is needed")]
    [InlineData(
        "$.workflows[1].name", "'browse'", "is \"browse\", the name of $.workflows[0]; another is allowed")]
    [InlineData("$.workflows[0].kind", null, "is missing; http or exec is needed")]
    [InlineData("$.workflows[0].kind", "'htpp'", "is \"htpp\"; http or exec is allowed; did you mean http?")]
    [InlineData("$.workflows[0].kind", "'grpc'", "is \"grpc\"; http or exec is allowed")]
    [InlineData("$.workflows[0].cores", "0", "is 0; a whole number from 1 to 4096 is allowed")]
    [InlineData("$.workflows[0].cores", "-1", "is -1; a whole number from 1 to 4096 is allowed")]
    [InlineData("$.workflows[0].duration", null, "is missing; how long it runs is needed")]
    [InlineData("$.workflows[0].duration", "0", "is 0; " + Durations + "30d is allowed")]
    [InlineData("$.workflows[0].duration", "-1", "is -1; " + Durations + "30d is allowed")]
    [InlineData("$.workflows[0].duration", "'0s'", "is \"0s\"; " + Durations + "30d is allowed")]
    [InlineData("$.workflows[0].duration", "'31d'", "is \"31d\"; " + Durations + "30d is allowed")]
    [InlineData("$.workflows[0].duration", "'999999999999999999w'",
        "is \"999999999999999999w\"; " + Durations + "30d is allowed")]
    [InlineData("$.workflows[0].duration", "1e300", "is 1e300; " + Durations + "30d is allowed")]
    [InlineData("$.workflows[0].duration", "'10 s'", "is \"10 s\"; " + Durations + "30d is allowed")]
    [InlineData("$.workflows[0].duration", "true", "is true; " + Durations + "30d is allowed")]
    [InlineData("$.workflows[0].timeout", "'0ms'", "is \"0ms\"; " + Durations + "30d is allowed")]
    [InlineData("$.workflows[0].vus", "0", "is 0; a whole number from 1 to 100000 is allowed")]
    [InlineData("$.workflows[1].rate", "10000001",
        "is 10000001; a whole number from 1 to 10000000 is allowed")]
    [InlineData("$.workflows[2].vus", "1",
        "is there, but the kind is exec; vus is allowed with kind http only")]
    [InlineData("$.workflows[2].rate", "1",
        "is there, but the kind is exec; rate is allowed with kind http only")]
    [InlineData("$.workflows[0].ramp", "'11s'", "is \"11s\"; " + Durations + "10s is allowed")]
    [InlineData("$.workflows[1].ramp", "'1s'", "is there, but vus is not; ramp is allowed with vus only")]
    [InlineData("$.workflows[1].dependsOn", "'browse'",
        "is \"browse\"; a list of names of workflows is allowed")]
    public void A_wrong_field_of_a_workflow_is_told(string path, string? value, string message) =>
        AssertFault(JobFile.With(path, value), path, message);

    [Theory]
    [InlineData("$.workflows[0].http", null, "is missing; what a workflow of kind http does is needed")]
    [InlineData("$.workflows[2].exec", null, "is missing; what a workflow of kind exec does is needed")]
    [InlineData("$.workflows[0].exec", "{}",
        "is there, but the kind is another; exec is allowed with kind exec only")]
    [InlineData("$.workflows[2].http", "{}",
        "is there, but the kind is another; http is allowed with kind http only")]
    [InlineData("$.workflows[2].exec.command", null,
        "is missing; a list of the program and its arguments is needed")]
    [InlineData("$.workflows[2].exec.command", "[]", "has 0 elements; 1 to 256 are allowed")]
    [InlineData("$.workflows[2].exec.command", "'ls'",
        "is \"ls\"; a list of texts: the program and its arguments is allowed")]
    [InlineData("$.workflows[2].exec.command[0]", "''", "is \"\"; the name or path of a program is allowed")]
    [InlineData("$.workflows[2].exec.command[2]", "'a\\u0000'",
        "is \"a\\u0000\"; a text without the character 0 is allowed")]
    [InlineData("$.workflows[2].budget.cpuPercent", "0", "is 0; a whole number from 1 to 409600 is allowed")]
    [InlineData("$.workflows[2].budget.memoryBytes", "0",
        "is 0; a whole number from 1 to 9223372036854775807 is allowed")]
    [InlineData("$.workflows[2].budget.memoryBytes", "9223372036854775808",
        "is 9223372036854775808; a whole number from 1 to 9223372036854775807 is allowed")]
    [InlineData("$.workflows[2].budget.fileDescriptors", "-3",
        "is -3; a whole number from 1 to 1000000000 is allowed")]
    public void A_wrong_block_of_a_workflow_is_told(string path, string? value, string message) =>
        AssertFault(JobFile.With(path, value), path, message);

    [Theory]
    [InlineData("$.workflows[0].http.method", "'get'",
        "is \"get\"; a method in capitals is allowed; did you mean GET?")]
    [InlineData("$.workflows[0].http.method", "'CONNECT'",
        "is \"CONNECT\"; a method that asks for no tunnel is allowed")]
    [InlineData("$.workflows[0].http.method", "'GE T'",
        "is \"GE T\"; a method such as GET, POST, PUT, DELETE, HEAD, OPTIONS, PATCH, TRACE and QUERY "
        + "is allowed")]
    [InlineData("$.workflows[0].http.url", null, "is missing; an http or https URL is needed")]
    [InlineData("$.workflows[0].http.url", "'ftp://x/'",
        "is no URL that begins with http:// or https://: \"ftp://x/\"")]
    [InlineData("$.workflows[0].http.url", "'http://h/a b'",
        "has the character \" \", which a URL writes percent-encoded: \"http://h/a b\"")]
    [InlineData("$.workflows[0].http.url", "'http://h/\\r\\nX: y'",
        "has the character \"\\u000d\", which a URL writes percent-encoded: \"http://h/\\u000d\\u000aX: y\"")]
    [InlineData("$.workflows[0].http.url", "'${target}/'",
        "is no URL that begins with http:// or https://: \"${target}/\"; the only placeholder is ${TARGET}")]
    [InlineData("$.workflows[0].http.url", "'http://u:p@h/'",
        "has a user name, which is not sent; a header can hold it: \"http://u:p@h/\"")]
    [InlineData("$.workflows[0].http.url", "'http:///x'", "has no valid host: \"\": \"http:///x\"")]
    [InlineData("$.workflows[0].http.url", "'http://h:0/'",
        "has no valid port; :1 to :65535 is allowed: \"http://h:0/\"")]
    [InlineData("$.workflows[0].http.url", "'http://h/#a'",
        "has a part after #, which is never sent: \"http://h/#a\"")]
    [InlineData("$.workflows[0].http.headers", "[]",
        "is a list; an object of header names and their texts is allowed")]
    [InlineData("$.workflows[0].http.headers.Accept", "1", "is 1; a text is allowed")]
    [InlineData("$.workflows[0].http.headers.Accept", "'a\\r\\nb'",
        "is \"a\\u000d\\u000ab\"; a text of printable ASCII characters, blanks and tabs, without line "
        + "breaks, is allowed")]
    [InlineData("$.workflows[0].http.headers.accept", "'a'",
        "is given more than once, as case does not count; once is allowed")]
    [InlineData("$.workflows[0].http.body", "{}", "is an object; a text is allowed")]
    [InlineData("$.workflows[0].http.expect", "200", "is 200; a list of statuses from 100 to 599 is allowed")]
    [InlineData("$.workflows[0].http.expect[0]", "99", "is 99; a whole number from 100 to 599 is allowed")]
    [InlineData("$.workflows[0].http.expect[0]", "600", "is 600; a whole number from 100 to 599 is allowed")]
    [InlineData("$.workflows[0].http.timeout", "'0s'", "is \"0s\"; " + Durations + "1d is allowed")]
    [InlineData("$.workflows[0].http.timeout", "'25h'", "is \"25h\"; " + Durations + "1d is allowed")]
    public void A_wrong_field_of_an_http_block_is_told(string path, string? value, string message) =>
        AssertFault(JobFile.With(path, value), path, message);

    [Theory]
    [InlineData("$.datacenters.only", "['a', 'b', 'a']", "$.datacenters.only[2]",
        "is \"a\" once more; once is allowed")]
    [InlineData("$.datacenters.preferred", "['', 'dc-a']", "$.datacenters.preferred[0]", "is \"\"; " + Name)]
    [InlineData("$.thresholds", "['p95Ms < 1', 7]", "$.thresholds[1]", "is 7; a text is allowed")]
    [InlineData("$.nmae", "1", "$.nmae",
        "is no field of the job file; allowed here: name, datacenters, retryBudget, "
        + "retryBudgetPerWorkflow, bestEffort, slo, thresholds and workflows; did you mean name?")]
    [InlineData("$.workflows[1].dependson", "[]", "$.workflows[1].dependson",
        "is no field of the job file; allowed here: name, kind, cores, duration, timeout, vus, "
        + "ramp, rate, dependsOn, http, exec and budget; did you mean dependsOn?")]
    [InlineData("$.workflows[2].exec.a b", "1", "$.workflows[2].exec['a b']",
        "is no field of the job file; allowed here: command")]
    [InlineData("$.workflows[1]", "3", "$.workflows[1]",
        "is 3; an object with name, kind, cores, duration, timeout, vus, ramp, rate, dependsOn, http, "
        + "exec and budget is allowed")]
    [InlineData("$.workflows[0].rate", "5", "$.workflows[0]",
        "has both vus and rate; one of them is allowed: vus for users who wait for each answer, rate for "
        + "requests started a second")]
    [InlineData("$.workflows[0].vus", null, "$.workflows[0]",
        "has neither vus nor rate; one of them is allowed: vus for users who wait for each answer, rate for "
        + "requests started a second")]
    [InlineData("$.workflows[1].dependsOn", "['brows']", "$.workflows[1].dependsOn[0]",
        "is \"brows\"; the name of another workflow is allowed; did you mean browse?")]
    [InlineData("$.workflows[1].dependsOn", "['pay']", "$.workflows[1].dependsOn[0]",
        "is \"pay\"; the name of another workflow is allowed; a workflow cannot wait for itself")]
    [InlineData("$.workflows[1].dependsOn", "['browse', 'browse']", "$.workflows[1].dependsOn[1]",
        "is \"browse\" once more; each name once is allowed")]
    [InlineData("$.workflows[0].dependsOn", "['pay']", "$.workflows[0].dependsOn",
        "makes a circle: browse -> pay -> browse; waiting for workflows that do not wait for it is allowed")]
    [InlineData("$.workflows[0].http.expect", "[200, 200]", "$.workflows[0].http.expect[1]",
        "is 200 once more; each status once is allowed")]
    [InlineData("$.workflows[0].http.headers", "{'a:b': 'x'}", "$.workflows[0].http.headers['a:b']",
        "has a name that is no header's; letters, digits and !#$%&'*+-.^_`|~ are allowed")]
    [InlineData("$.workflows[0].http.headers", "{'content-length': '3'}",
        "$.workflows[0].http.headers['content-length']",
        "follows from the body; any other header is allowed")]
    public void A_fault_within_a_value_is_told_at_its_own_place(
        string path, string? value, string place, string message) =>
        AssertFault(JobFile.With(path, value), place, message);

    [Theory]
    [InlineData("", "is empty; one JSON object is allowed")]
    [InlineData("[]", "is a list; an object with name, datacenters, retryBudget, retryBudgetPerWorkflow, "
        + "bestEffort, slo, thresholds and workflows is allowed")]
    [InlineData("{\n \"name\" 1 }", "is no JSON at line 2, byte 9: '1' is invalid after a property name. "
        + "Expected a ':'.")]
    [InlineData("{\"name\": \"a\"", "is no JSON at line 1, byte 13: Expected depth to be zero at the "
        + "end of the JSON payload. There is an open JSON object or array that should be closed.")]
    public void What_is_no_job_file_at_all_is_told(string json, string message) =>
        AssertFault(json, "$", message);

    [Fact]
    public void Bytes_that_are_no_text_are_told_with_their_place()
    {
        var faults = new List<JobFault>();

        Assert.Null(JobSpecReader.Read((byte[])[(byte)'{', (byte)'\n', (byte)'"', 0xFF], null, faults));
        Assert.Equal([new JobFault("$", "is not UTF-8 at line 2, byte 2: 0xff")], faults);
    }

    [Fact]
    public void A_file_that_is_too_large_is_told()
    {
        var faults = new List<JobFault>();

        Assert.Null(JobSpecReader.Read(new byte[JobLimits.SpecBytesMax + 1], null, faults));
        Assert.Equal([new JobFault("$", "has 1048577 bytes; at most 1048576 are allowed")], faults);
    }

    [Fact]
    public void A_field_that_is_given_twice_is_told() =>
        AssertFault(
            JobFile.Valid.Replace("\"vus\": 20", "\"vus\": 20, \"vus\": 30"),
            "$.workflows[0].vus", "is given more than once; once is allowed");

    [Fact]
    public void Half_a_character_is_told()
    {
        var value = JobFile.Valid.Replace("\"checkout\"", "\"\\ud800\"");
        AssertFault(value, "$.name", "is half a character; a text is allowed");

        var name = JobFile.Valid.Replace("\"count\"", "\"\\udc00\": 1, \"count\"");
        AssertFault(
            name, "$.datacenters", "has a field whose name holds half a character; text is allowed");
    }

    [Fact]
    public void A_missing_target_is_told_once() =>
        Assert.Equal(
            [new JobFault(
                "$.workflows[0].http.url",
                "uses ${TARGET}, but the job is given no target; give one (--target URL)")],
            JobFile.FaultsOf(JobFile.Valid, target: null));

    [Fact]
    public void A_target_that_is_no_url_is_told() =>
        Assert.Equal(
            [new JobFault(
                "$",
                "has the target \"localhost:80\", which is no URL that begins with http:// or https://")],
            JobFile.FaultsOf(JobFile.Valid, "localhost:80"));

    [Fact]
    public void A_target_cannot_blow_up_the_job()
    {
        var body = string.Concat(Enumerable.Repeat("${TARGET}", 100));
        var workflow = "{'name': 'NAME', 'kind': 'http', 'duration': 1, 'vus': 1, "
            + $"'http': {{'url': 'http://h/', 'body': '{body}'}}}}";
        var workflows = Enumerable.Range(0, 20).Select(i => workflow.Replace("NAME", $"w{i}"));
        var json = JobFile.With("$.workflows", $"[{string.Join(',', workflows)}]");
        var target = $"http://h/{new string('x', 1000)}";

        var first = JobFile.FaultsOf(json, target)[0];
        Assert.Equal("$.workflows[10].http.body", first.Path);
        Assert.Equal("makes the job longer than 1048576 characters with the target in it", first.Message);
    }

    [Fact]
    public void A_text_that_is_too_long_with_its_target_is_told() =>
        AssertFault(
            JobFile.With("$.workflows[0].http.url", "'${TARGET}/x${TARGET}'"),
            "$.workflows[0].http.url",
            "has 8202 characters with the target in it; at most 8192 are allowed",
            $"http://h/{new string('x', 4091)}");

    [Fact]
    public void Each_circle_of_dependencies_is_told_once()
    {
        string Workflow(string name, string dependsOn) =>
            $"{{'name': '{name}', 'kind': 'exec', 'duration': 1, 'exec': {{'command': ['x']}}, "
            + $"'dependsOn': [{dependsOn}]}}";
        var workflows = string.Join(
            ',',
            Workflow("a", "'b'"), Workflow("b", "'c', 'd'"), Workflow("c", "'a'"),
            Workflow("d", "'e'"), Workflow("e", "'d'"), Workflow("f", "'a', 'e'"));

        Assert.Equal(
            [
                ("$.workflows[0].dependsOn", "makes a circle: a -> b -> c -> a"),
                ("$.workflows[3].dependsOn", "makes a circle: d -> e -> d"),
            ],
            JobFile.FaultsOf(JobFile.With("$.workflows", $"[{workflows}]"))
                .Select(fault => (fault.Path, fault.Message.Split(';')[0])));
    }

    [Fact]
    public void All_faults_are_told_at_once()
    {
        var json = JobFile.With("$.name", "''");
        json = JobFile.With(json, "$.surprise", "1");
        json = JobFile.With(json, "$.slo.p99Ms", "1");
        json = JobFile.With(json, "$.thresholds", "['p95 < 200']");
        json = JobFile.With(json, "$.workflows[0].http.url", "'${TARGET}/ '");
        json = JobFile.With(json, "$.workflows[1].rate", "0");
        json = JobFile.With(json, "$.workflows[1].dependsOn", "['nobody']");
        json = JobFile.With(json, "$.workflows[2].exec.command", "[]");

        Assert.Equal(
            [
                "$.name", "$.slo.p99Ms", "$.surprise", "$.thresholds[0]", "$.workflows[0].http.url",
                "$.workflows[0].http.url", "$.workflows[1].dependsOn[0]", "$.workflows[1].rate",
                "$.workflows[2].exec.command",
            ],
            JobFile.FaultsOf(json, target: null).Select(fault => fault.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Of_very_many_faults_the_first_are_told()
    {
        var fields = string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"\"{i}\": 0"));
        var faults = JobFile.FaultsOf($"{{{fields}}}");

        Assert.Equal(JobLimits.FaultsMax, faults.Count);
        Assert.Equal(new JobFault("$", "has more faults than the 99 listed"), faults[^1]);
    }

    [Fact]
    public void Faults_that_were_there_before_stay_and_do_not_count()
    {
        var faults = new List<JobFault> { new("$", "another file's") };

        Assert.NotNull(JobFile.Read(JobFile.Valid, faults));
        Assert.Single(faults);
    }

    private static void AssertFault(
        string json, string path, string message, string? target = JobFile.Target) =>
        Assert.Equal([new JobFault(path, message)], JobFile.FaultsOf(json, target));
}
