// Search on pages that are opened from disk, where browsers start no worker: the worker's script
// runs in a hidden frame instead. Takes the place of a script that the theme loads from elsewhere.
(() => {
  if (location.protocol !== "file:") return;

  // What a worker has and a frame lacks. Scripts are loaded one after another.
  const worker = `
    postMessage = data => frameElement.reply(data);
    importScripts = (...urls) => urls.reduce((before, url) => before.then(() =>
      new Promise((loaded, failed) => {
        const script = document.createElement("script");
        Object.assign(script, { src: url, onload: loaded, onerror: failed });
        document.head.append(script);
      })), Promise.resolve());`;

  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.reply = data => this.dispatchEvent(new MessageEvent("message", { data }));
      this.frame.srcdoc = `<script>${worker}</script><script src="${url}"></script>`;
      this.ready = new Promise(loaded => { this.frame.onload = loaded; });
      document.body.append(this.frame);
    }

    postMessage(data) {
      this.ready.then(() =>
        this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() { this.frame.remove(); }
  };
  window.Worker = window.IFrameWorker;
})();
