package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/tollgate/tollgate/internal/yamlconf"
	"github.com/tollgate/tollgate/introspect"
)

const deploy = "../../deploy"

// check accepts every configuration in deploy.
func TestDeployConfigurations(t *testing.T) {
	n := 0
	err := filepath.WalkDir(deploy, func(path string, d fs.DirEntry, err error) error {
		if name := d.Name(); name != "gateway.yaml" && name != "introspect.yaml" {
			return err
		}
		n++
		if out, err := exec.Command("tollgate", "check", "--config", path).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", path, err, out)
		}
		return nil
	})
	if err != nil || n != 4 {
		t.Errorf("%d configurations, %v", n, err)
	}
}

// object is what is looked at of a Kubernetes object.
type object struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		Template struct {
			Spec struct {
				SecurityContext struct {
					RunAsNonRoot bool `yaml:"runAsNonRoot"`
				} `yaml:"securityContext"`
				Containers []container
			}
		}
	}
}

type container struct {
	Name  string
	Args  []string
	Ports []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	ReadinessProbe  probe `yaml:"readinessProbe"`
	SecurityContext struct {
		ReadOnlyRootFilesystem   bool `yaml:"readOnlyRootFilesystem"`
		AllowPrivilegeEscalation bool `yaml:"allowPrivilegeEscalation"`
	} `yaml:"securityContext"`
}

type probe struct {
	HTTPGet struct{ Port string } `yaml:"httpGet"`
}

// objects reads the Kubernetes objects of the folder.
func objects(t *testing.T) map[string]object {
	t.Helper()
	list := map[string]object{}
	paths, err := filepath.Glob(deploy + "/kubernetes/*-*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
			var o object
			if err := dec.Decode(&o); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			list[o.Kind+"/"+o.Metadata.Name] = o
		}
	}
	return list
}

// What runs in Kubernetes runs without rights, is started as the binary can be
// started, and is probed where its configuration has the admin listener.
func TestDeployKubernetes(t *testing.T) {
	gate, err := loadGateway(deploy+"/kubernetes/gateway.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	var security introspect.Config
	if err := yamlconf.Load(deploy+"/kubernetes/introspect.yaml", &security); err != nil {
		t.Fatal(err)
	}
	all := objects(t)
	f := func(name string, ports map[string]string, probePort string) {
		t.Helper()
		o, ok := all[name]
		if !ok || len(o.Spec.Template.Spec.Containers) != 1 {
			t.Errorf("%s: %+v", name, o)
			return
		}
		c := o.Spec.Template.Spec.Containers[0]
		if !o.Spec.Template.Spec.SecurityContext.RunAsNonRoot || !c.SecurityContext.ReadOnlyRootFilesystem || c.SecurityContext.AllowPrivilegeEscalation {
			t.Errorf("%s runs with too many rights", name)
		}
		for _, p := range c.Ports {
			_, want, err := net.SplitHostPort(ports[p.Name])
			if err != nil || strconv.Itoa(p.ContainerPort) != want {
				t.Errorf("%s: port %s is %d, the configuration says %q", name, p.Name, p.ContainerPort, ports[p.Name])
			}
		}
		if len(c.Ports) != len(ports) {
			t.Errorf("%s: ports %v, want %v", name, c.Ports, ports)
		}
		if c.ReadinessProbe.HTTPGet.Port != probePort {
			t.Errorf("%s: readiness is asked at %+v, want port %s", name, c.ReadinessProbe, probePort)
		}
		if probePort == "admin" {
			acceptable(t, c.Args)
		}
	}
	f("StatefulSet/introspect", map[string]string{"http": security.Listen, "admin": security.Admin}, "admin")
	f("Deployment/gateway", map[string]string{"http": gate.Listen, "admin": gate.Admin}, "admin")
	f("Deployment/orders", map[string]string{"http": ":8070"}, "http")

	var kustomization struct{ Resources []string }
	readYAML(t, deploy+"/kubernetes/kustomization.yaml", &kustomization)
	for _, r := range kustomization.Resources {
		if _, err := os.Stat(filepath.Join(deploy, "kubernetes", r)); err != nil {
			t.Error(err)
		}
	}
}

func TestDeployCompose(t *testing.T) {
	var file struct {
		Services map[string]struct {
			Command []string
			Volumes []string
			Secrets []string
		}
		Secrets map[string]struct{ File string }
	}
	readYAML(t, deploy+"/compose/compose.yaml", &file)
	for _, name := range []string{"introspect", "gateway"} {
		s := file.Services[name]
		acceptable(t, s.Command)
		if !slices.Contains(s.Volumes, "./"+name+".yaml:/etc/tollgate/"+name+".yaml:ro") {
			t.Errorf("%s does not see its configuration: %v", name, s.Volumes)
		}
	}
	for name, s := range file.Services {
		for _, secret := range s.Secrets {
			if file.Secrets[secret].File == "" {
				t.Errorf("%s wants the secret %s, which is nowhere", name, secret)
			}
		}
	}
	gate, err := loadGateway(deploy+"/compose/gateway.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.TrimPrefix(gate.SecurityService.ClientSecret.File, "/run/secrets/")
	if !slices.Contains(file.Services["gateway"].Secrets, secret) {
		t.Errorf("the gateway reads %s and is given %v", gate.SecurityService.ClientSecret.File, file.Services["gateway"].Secrets)
	}
}

// acceptable reports a command line that would end with exit code 2.
func acceptable(t *testing.T, args []string) {
	t.Helper()
	cmd, rest, err := newRoot().Find(args)
	if err == nil && cmd.HasParent() {
		err = cmd.ParseFlags(rest)
	}
	if err != nil || !cmd.HasParent() || len(cmd.Flags().Args()) > 0 {
		t.Errorf("%v is no command line: %v", args, err)
	}
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
