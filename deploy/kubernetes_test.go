package deploy

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// manifests are what `kubectl apply -k deploy/kubernetes` applies, and the Secret
// that is made beside it; disruption is of several replicas.
type manifests struct {
	namespace  corev1.Namespace
	account    corev1.ServiceAccount
	claim      corev1.PersistentVolumeClaim
	config     corev1.ConfigMap
	deployment appsv1.Deployment
	service    corev1.Service
	policy     networkingv1.NetworkPolicy
	secret     corev1.Secret
	disruption policyv1.PodDisruptionBudget
}

// renderKubernetes runs kustomize and decodes every object strictly: a field that
// Kubernetes does not know is an error.
func renderKubernetes(t *testing.T) *manifests {
	t.Helper()
	return render(t, "kubernetes", "Namespace", "ServiceAccount", "PersistentVolumeClaim", "ConfigMap", "Deployment", "Service", "NetworkPolicy")
}

func render(t *testing.T, folder string, kinds ...string) *manifests {
	t.Helper()
	all, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	var m manifests
	into := map[string]any{
		"Namespace": &m.namespace, "ServiceAccount": &m.account, "PersistentVolumeClaim": &m.claim, "ConfigMap": &m.config,
		"Deployment": &m.deployment, "Service": &m.service, "NetworkPolicy": &m.policy, "PodDisruptionBudget": &m.disruption,
	}
	for _, r := range all.Resources() {
		b, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.Index(kinds, r.GetKind())
		if i < 0 {
			t.Fatalf("kind %s: twice, or not one that belongs here", r.GetKind())
		}
		kinds = slices.Delete(kinds, i, i+1)
		decodeStrictly(t, r.GetKind(), b, into[r.GetKind()])
	}
	for _, kind := range kinds {
		t.Errorf("no %s", kind)
	}
	b, err := os.ReadFile("kubernetes/secret.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	decodeStrictly(t, "Secret", b, &m.secret)
	return &m
}

func decodeStrictly(t *testing.T, what string, b []byte, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(b, into); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func (m *manifests) pod() *corev1.PodSpec         { return &m.deployment.Spec.Template.Spec }
func (m *manifests) container() *corev1.Container { return &m.pod().Containers[0] }

func TestDecodingIsStrict(t *testing.T) {
	if err := yaml.UnmarshalStrict([]byte("spec: {replica: 1}"), &appsv1.Deployment{}); err == nil {
		t.Error("a misspelt field was taken")
	}
}

func TestKubernetesObjectsBelongTogether(t *testing.T) {
	m := renderKubernetes(t)
	for kind, meta := range map[string]metav1.ObjectMeta{
		"ServiceAccount": m.account.ObjectMeta, "PersistentVolumeClaim": m.claim.ObjectMeta, "ConfigMap": m.config.ObjectMeta,
		"Deployment": m.deployment.ObjectMeta, "Service": m.service.ObjectMeta, "NetworkPolicy": m.policy.ObjectMeta, "Secret": m.secret.ObjectMeta,
	} {
		if meta.Namespace != m.namespace.Name || meta.Name != "haldane" {
			t.Errorf("%s %s/%s is not haldane in namespace %s", kind, meta.Namespace, meta.Name, m.namespace.Name)
		}
	}
	labels := m.deployment.Spec.Template.Labels
	for what, selector := range map[string]map[string]string{
		"Deployment": m.deployment.Spec.Selector.MatchLabels, "Service": m.service.Spec.Selector, "NetworkPolicy": m.policy.Spec.PodSelector.MatchLabels,
	} {
		for k, v := range selector {
			if labels[k] != v {
				t.Errorf("the %s's selector %v does not find pods with %v", what, selector, labels)
			}
		}
		if len(selector) == 0 {
			t.Errorf("the %s selects every pod", what)
		}
	}
	ports := m.container().Ports
	for _, target := range []intstr.IntOrString{m.service.Spec.Ports[0].TargetPort, *m.policy.Spec.Ingress[0].Ports[0].Port} {
		if !slices.ContainsFunc(ports, func(p corev1.ContainerPort) bool { return p.Name == target.String() }) {
			t.Errorf("no port %s in the container", target.String())
		}
	}
}

func TestKubernetesMountsWhatThereIs(t *testing.T) {
	m := renderKubernetes(t)
	volumes := map[string]corev1.VolumeSource{}
	for _, v := range m.pod().Volumes {
		volumes[v.Name] = v.VolumeSource
	}
	if v := volumes["data"].PersistentVolumeClaim; v == nil || v.ClaimName != m.claim.Name {
		t.Errorf("data: %+v", v)
	}
	if v := volumes["config"].ConfigMap; v == nil || v.Name != m.config.Name {
		t.Errorf("config: %+v", v)
	}
	if v := volumes["secrets"].Secret; v == nil || v.SecretName != m.secret.Name || *v.DefaultMode != 0o440 {
		t.Errorf("secrets: %+v", v)
	}
	writable := []string{}
	for _, mount := range m.container().VolumeMounts {
		if _, there := volumes[mount.Name]; !there || mount.SubPath != "" {
			t.Errorf("mount %s: no such volume, or a part of one, which is not updated", mount.Name)
		}
		if !mount.ReadOnly {
			writable = append(writable, mount.MountPath)
		}
	}
	if !slices.Equal(writable, []string{"/data"}) {
		t.Errorf("it can write to %v", writable)
	}
}

func TestKubernetesPodIsRestricted(t *testing.T) {
	m := renderKubernetes(t)
	if level := m.namespace.Labels["pod-security.kubernetes.io/enforce"]; level != "restricted" {
		t.Errorf("the namespace enforces %q", level)
	}
	pod, c := m.pod(), m.container()
	sc, csc := pod.SecurityContext, c.SecurityContext
	for what, ok := range map[string]bool{
		"not root":                    *sc.RunAsNonRoot && *sc.RunAsUser == 65532 && *sc.FSGroup == 65532,
		"the runtime's seccomp":       sc.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
		"no more rights":              !*csc.AllowPrivilegeEscalation && csc.Privileged == nil,
		"no capabilities":             slices.Equal(csc.Capabilities.Drop, []corev1.Capability{"ALL"}) && len(csc.Capabilities.Add) == 0,
		"a read-only root":            *csc.ReadOnlyRootFilesystem,
		"no token of Kubernetes":      !*pod.AutomountServiceAccountToken && !*m.account.AutomountServiceAccountToken,
		"an account of its own":       pod.ServiceAccountName == m.account.Name,
		"no variables of services":    !*pod.EnableServiceLinks,
		"nothing of the node":         !pod.HostNetwork && !pod.HostPID && !pod.HostIPC,
		"one container":               len(pod.Containers) == 1 && len(pod.InitContainers) == 0,
		"limits":                      !c.Resources.Limits.Memory().IsZero() && !c.Resources.Limits.Cpu().IsZero(),
		"requests":                    !c.Resources.Requests.Memory().IsZero() && !c.Resources.Requests.Cpu().IsZero(),
		"one replica":                 *m.deployment.Spec.Replicas == 1,
		"never two on one database":   m.deployment.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType,
		"time to stop":                *pod.TerminationGracePeriodSeconds > 20,
		"a config that stays in name": m.config.Name == "haldane",
	} {
		if !ok {
			t.Errorf("the pod lacks: %s", what)
		}
	}
	for path, probe := range map[string]*corev1.Probe{"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		if probe.HTTPGet.Path != path || probe.HTTPGet.Port.String() != "http" {
			t.Errorf("probe %+v, want %s", probe.HTTPGet, path)
		}
	}
	if p := c.StartupProbe; p.HTTPGet.Path != "/healthz" || p.PeriodSeconds*p.FailureThreshold < 60 {
		t.Errorf("startup probe %+v", p)
	}
}

func TestKubernetesKeepsPodsFromTheClouds(t *testing.T) {
	m := renderKubernetes(t)
	var open []string
	for _, rule := range m.policy.Spec.Egress {
		for _, to := range rule.To {
			open = append(open, to.IPBlock.CIDR+" but "+strings.Join(to.IPBlock.Except, " "))
		}
		if len(rule.To) == 0 && (len(rule.Ports) != 2 || rule.Ports[0].Port.String() != "53" || rule.Ports[1].Port.String() != "53") {
			t.Errorf("everywhere is open to %+v", rule.Ports)
		}
	}
	if want := []string{"0.0.0.0/0 but 169.254.0.0/16", "::/0 but fe80::/10 fd00:ec2::/32"}; !slices.Equal(open, want) {
		t.Errorf("open is %q, want %q", open, want)
	}
}

// TestSeveralReplicasShareADatabase: no volume, no file, and never all gone at once.
func TestSeveralReplicasShareADatabase(t *testing.T) {
	m := render(t, "kubernetes-postgres", "Namespace", "ServiceAccount", "ConfigMap", "Deployment", "Service", "NetworkPolicy", "PodDisruptionBudget")
	alone := renderKubernetes(t)
	pod, c, spec := m.pod(), m.container(), &m.deployment.Spec
	for _, v := range pod.Volumes {
		if v.PersistentVolumeClaim != nil {
			t.Errorf("it has a volume %s", v.Name)
		}
	}
	for _, mount := range c.VolumeMounts {
		if !mount.ReadOnly {
			t.Errorf("it can write to %s", mount.MountPath)
		}
	}
	for _, e := range c.Env {
		if e.Name == "HALDANE_DATABASE" && (e.Value != "" || e.ValueFrom.SecretKeyRef.Name != m.secret.Name || e.ValueFrom.SecretKeyRef.Key != "database") {
			t.Errorf("its database is %+v", e)
		}
	}
	update, spread := spec.Strategy.RollingUpdate, pod.TopologySpreadConstraints
	for what, ok := range map[string]bool{
		"several":                           *spec.Replicas > 1,
		"replaced one after the other":      spec.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType && update.MaxUnavailable.IntValue() < int(*spec.Replicas),
		"drained one after the other":       m.disruption.Spec.MaxUnavailable.IntValue() == 1 && maps.Equal(m.disruption.Spec.Selector.MatchLabels, spec.Selector.MatchLabels),
		"on different nodes, if it can be":  len(spread) == 1 && maps.Equal(spread[0].LabelSelector.MatchLabels, spec.Selector.MatchLabels) && spread[0].WhenUnsatisfiable == corev1.ScheduleAnyway,
		"otherwise as it is alone":          len(c.Env) == len(alone.container().Env) && c.Image == alone.container().Image && *c.SecurityContext.ReadOnlyRootFilesystem,
		"ready only while it can record it": c.ReadinessProbe.HTTPGet.Path == "/readyz",
	} {
		if !ok {
			t.Errorf("not so: %s", what)
		}
	}
}
