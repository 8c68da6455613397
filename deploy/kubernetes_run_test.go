package deploy

import (
	"path"
	"strings"
	"testing"
)

// podContainer is the image as Kubernetes would run it: the Deployment's variables,
// the ConfigMap and the Secret at their mounts.
func podContainer(t *testing.T, m *manifests) *container {
	t.Helper()
	c := newContainer(t, built(t, daemonImage))
	for _, e := range m.container().Env {
		c.env[e.Name] = e.Value
	}
	for _, mount := range m.container().VolumeMounts {
		files := map[string]map[string]string{"config": m.config.Data, "secrets": m.secret.StringData}[mount.Name]
		for name, content := range files {
			c.put(t, path.Join(mount.MountPath, name), content)
		}
	}
	return c
}

func TestKubernetesConfigIsFine(t *testing.T) {
	m := renderKubernetes(t)
	p := podContainer(t, m).start(t, "check")
	if code := p.status(t); code != 0 || !strings.Contains(p.log.String(), "haldane.yaml is fine: 1 source, 2 actions, 1 plan") ||
		strings.Contains(p.log.String(), "warning") {
		t.Errorf("exit status %d: %s", code, &p.log)
	}
}

func TestKubernetesSecretIsWhatTheConfigNeeds(t *testing.T) {
	m := renderKubernetes(t)
	config := m.config.Data["haldane.yaml"]
	for key := range m.secret.StringData {
		if !strings.Contains(config, "${file:../secrets/"+key+"}") {
			t.Errorf("the config does not use %s of the Secret", key)
		}
		without := renderKubernetes(t)
		delete(without.secret.StringData, key)
		p := podContainer(t, without).start(t, "check")
		if code := p.status(t); code != 1 || !strings.Contains(p.log.String(), "/etc/haldane/secrets/"+key+": it does not exist") {
			t.Errorf("without %s: exit status %d: %s", key, code, &p.log)
		}
	}
}

func TestKubernetesPodServes(t *testing.T) {
	m := renderKubernetes(t)
	c := podContainer(t, m)
	if c.env["HALDANE_LISTEN"] != ":8080" {
		t.Errorf("it listens on %s", c.env["HALDANE_LISTEN"])
	}
	c.env["HALDANE_LISTEN"] = ":0" // 8080 may be taken on this machine
	c.img = withUser(c.img, *m.pod().SecurityContext.RunAsUser, *m.pod().SecurityContext.RunAsGroup)
	p := c.start(t, m.container().Args...)
	url := p.daemon(t)
	for _, probe := range []string{m.container().StartupProbe.HTTPGet.Path, m.container().LivenessProbe.HTTPGet.Path, m.container().ReadinessProbe.HTTPGet.Path} {
		if status, body := call(t, "GET", url+probe, "", ""); status != 200 {
			t.Errorf("GET %s: %d %s", probe, status, body)
		}
	}
	annotations := m.deployment.Spec.Template.Annotations
	if status, body := call(t, "GET", url+annotations["prometheus.io/path"], "", ""); status != 200 || !strings.Contains(body, "haldane_ready 1") {
		t.Errorf("metrics: %d", status)
	}
	// The example's token is nobody's, so whoever applies it unchanged lets nobody in.
	for _, token := range []string{"", "0", m.secret.StringData["deploy_token_sha256"]} {
		if status, body := call(t, "GET", url+"/api/v1/plans", token, ""); status != 401 {
			t.Errorf("token %q: %d %s", token, status, body)
		}
	}
	if strings.Contains(p.log.String(), "not known (try: HALDANE_") {
		t.Error("a variable of the Deployment is misspelt")
	}
	if code := p.stop(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
}
