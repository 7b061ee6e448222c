// go-tuf's client behind the words that TUF clients share: init, refresh, download. Exit code 1: refused.
package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

type options struct {
	metadataDir, metadataURL, targetName, targetDir, targetBaseURL string
}

func main() {
	var o options
	flag.StringVar(&o.metadataDir, "metadata-dir", "", "")
	flag.StringVar(&o.metadataURL, "metadata-url", "", "")
	flag.StringVar(&o.targetName, "target-name", "", "")
	flag.StringVar(&o.targetDir, "target-dir", "", "")
	flag.StringVar(&o.targetBaseURL, "target-base-url", "", "")
	flag.Parse()
	if err := run(o, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(o options, words []string) error {
	root := filepath.Join(o.metadataDir, "root.json")
	if len(words) == 2 && words[0] == "init" {
		bytes, err := os.ReadFile(words[1])
		if err != nil {
			return err
		}
		if err := os.MkdirAll(o.metadataDir, 0o700); err != nil {
			return err
		}
		return os.WriteFile(root, bytes, 0o600)
	}
	bytes, err := os.ReadFile(root)
	if err != nil {
		return err
	}
	settings, err := config.New(o.metadataURL, bytes)
	if err != nil {
		return err
	}
	settings.LocalMetadataDir = o.metadataDir
	settings.LocalTargetsDir = o.targetDir
	settings.RemoteTargetsURL = o.targetBaseURL
	client, err := updater.New(settings)
	if err != nil {
		return err
	}
	if err := client.Refresh(); err != nil {
		return err
	}
	if len(words) == 1 && words[0] == "refresh" {
		return nil
	}
	if len(words) != 1 || words[0] != "download" {
		return fmt.Errorf("unknown command %v", words)
	}
	target, err := client.GetTargetInfo(o.targetName)
	if err != nil {
		return err
	}
	path := filepath.Join(o.targetDir, url.QueryEscape(o.targetName))
	_, _, err = client.DownloadTarget(target, path, o.targetBaseURL)
	return err
}
