package deploy

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

// kubernetesAction reads a file of the tests of actions/kubernetes.
func kubernetesAction(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "actions", "kubernetes", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRollbackPatch holds what the action kubernetes sends against the types of
// Kubernetes: the objects that its tests are made of are real ones, and its patch makes
// of the Deployment what kubectl rollout undo would.
func TestRollbackPatch(t *testing.T) {
	var before, after appsv1.Deployment
	var sets appsv1.ReplicaSetList
	text := kubernetesAction(t, "deployment.json")
	decodeStrictly(t, "deployment", text, &before)
	decodeStrictly(t, "replicasets", kubernetesAction(t, "replicasets.json"), &sets)
	patch, err := jsonpatch.DecodePatch(kubernetesAction(t, "patch.json"))
	if err != nil {
		t.Fatal(err)
	}
	patched, err := patch.Apply(text)
	if err != nil {
		t.Fatal(err)
	}
	decodeStrictly(t, "patched deployment", patched, &after)

	var want *appsv1.ReplicaSet
	for i, s := range sets.Items {
		if s.Annotations["deployment.kubernetes.io/revision"] == "2" {
			want = &sets.Items[i]
		}
	}
	template := want.Spec.Template.DeepCopy()
	delete(template.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	if !reflect.DeepEqual(after.Spec.Template, *template) {
		t.Errorf("template\n%+v\nwant that of revision 2\n%+v", after.Spec.Template, *template)
	}
	after.Spec.Template = before.Spec.Template
	if !reflect.DeepEqual(after.Spec, before.Spec) {
		t.Errorf("more than the template was changed: %+v", after.Spec)
	}
	for key, value := range map[string]string{
		"kubernetes.io/change-cause":        "release 1.4.1",                                               // of the revision
		"deployment.kubernetes.io/revision": "3", "kubectl.kubernetes.io/last-applied-configuration": "{}", // of the Deployment
	} {
		if after.Annotations[key] != value {
			t.Errorf("annotation %s is %q, want %q", key, after.Annotations[key], value)
		}
	}
	if after.Annotations["haldane.dev/delivery"] == "" || len(after.Annotations) != 4 {
		t.Errorf("annotations %v, want four, one of them the delivery's", after.Annotations)
	}
}

// TestRollbackPatchIsGuarded: it is refused when the Deployment has changed since.
func TestRollbackPatchIsGuarded(t *testing.T) {
	patch, err := jsonpatch.DecodePatch(kubernetesAction(t, "patch.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d map[string]any
	if err := yaml.Unmarshal(kubernetesAction(t, "deployment.json"), &d); err != nil {
		t.Fatal(err)
	}
	d["metadata"].(map[string]any)["generation"] = 8
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := patch.Apply(text); err == nil {
		t.Error("it was applied to another generation")
	}
}
