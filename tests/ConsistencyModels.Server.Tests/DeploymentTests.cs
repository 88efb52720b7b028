using System.Text.RegularExpressions;
using k8s;
using k8s.Models;

namespace ConsistencyModels.Server.Tests;

/// <summary>What is deployed, as files: no engine runs here. The manifests are read by the types of Kubernetes' own API, which refuse what they do not know.</summary>
public sealed partial class DeploymentTests
{
    private static readonly Dictionary<string, Type> Types = new()
    {
        ["apps/v1/Deployment"] = typeof(V1Deployment),
        ["v1/Service"] = typeof(V1Service),
        ["autoscaling/v2/HorizontalPodAutoscaler"] = typeof(V2HorizontalPodAutoscaler),
        ["policy/v1/PodDisruptionBudget"] = typeof(V1PodDisruptionBudget),
    };

    private static List<object> Manifests => KubernetesYaml.LoadAllFromString(File.ReadAllText(RepositoryFiles.Path("deploy", "kubernetes", "cm.yaml")), Types, strict: true);

    [Fact]
    public void The_manifests_are_what_Kubernetes_knows() => Assert.Equal(Types.Values, Manifests.Select(manifest => manifest.GetType()));

    [Fact]
    public void A_misspelt_key_would_be_found()
    {
        var text = File.ReadAllText(RepositoryFiles.Path("deploy", "kubernetes", "cm.yaml")).Replace("readinessProbe", "readynessProbe", StringComparison.Ordinal);
        Assert.ThrowsAny<Exception>(() => KubernetesYaml.LoadAllFromString(text, Types, strict: true));
    }

    [Fact]
    public void They_belong_together()
    {
        var deployment = Manifests.OfType<V1Deployment>().Single();
        var (labels, pod) = (deployment.Spec.Selector.MatchLabels, deployment.Spec.Template.Spec);
        Assert.Equal(labels, deployment.Spec.Template.Metadata.Labels);
        Assert.Equal(labels, Manifests.OfType<V1Service>().Single().Spec.Selector);
        Assert.Equal(labels, Manifests.OfType<V1PodDisruptionBudget>().Single().Spec.Selector.MatchLabels);
        var scaler = Manifests.OfType<V2HorizontalPodAutoscaler>().Single().Spec;
        Assert.Equal((deployment.Kind, deployment.Metadata.Name), (scaler.ScaleTargetRef.Kind, scaler.ScaleTargetRef.Name));
        Assert.Equal("cm_server_requests", Assert.Single(scaler.Metrics).Pods.Metric.Name);

        // A pod that ends is given the delay and the longest request.
        var limits = new ServerLimits();
        Assert.True(pod.TerminationGracePeriodSeconds >= limits.Timeout.TotalSeconds + 10);
        Assert.Equal(0, deployment.Spec.Strategy.RollingUpdate.MaxUnavailable.Value is "0" ? 0 : -1);

        var container = Assert.Single(pod.Containers);
        Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
        Assert.True(pod.SecurityContext.RunAsNonRoot);
        Assert.Equal(pod.Volumes.Select(volume => volume.Name).Order(), container.VolumeMounts.Select(mount => mount.Name).Order());
        foreach (var probe in new[] { container.StartupProbe, container.ReadinessProbe, container.LivenessProbe })
        {
            Assert.Contains(probe.HttpGet.Path, new[] { "/health/ready", "/health/live" });
        }
    }

    [Fact]
    public void The_image_has_no_root_and_the_user_that_the_pods_have()
    {
        var lines = File.ReadAllLines(RepositoryFiles.Path("deploy", "Dockerfile"));
        var known = new[] { "FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "EXPOSE", "ENTRYPOINT", "CMD" };
        Assert.All(lines.Where(line => line.Length > 0 && line[0] != '#' && !line.StartsWith(' ')), line => Assert.Contains(line.Split(' ')[0], known));
        var user = lines.Select(line => User().Match(line)).Single(match => match.Success).Groups[1].Value;
        Assert.Equal($"{Manifests.OfType<V1Deployment>().Single().Spec.Template.Spec.SecurityContext.RunAsUser}", user);
    }

    [GeneratedRegex("^USER ([0-9]+):[0-9]+$")]
    private static partial Regex User();
}
