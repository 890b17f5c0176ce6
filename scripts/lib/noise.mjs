/** Where Chromium's own log lines come from when nothing is wrong with the app: no bus, no graphics card, no keyring here. */
const sources = [
  'bus.cc',
  'object_proxy.cc',
  'libnotify_notification.cc',
  'viz_main_impl.cc',
  'gpu_process_host.cc',
  'gpu_memory_buffer_support_x11.cc',
  'gl_display.cc',
  'gl_factory.cc',
  'gl_surface_egl.cc',
  'gl_utils.cc',
  'egl_util.cc',
  'gles2_cmd_decoder_passthrough.cc',
  'command_buffer_proxy_impl.cc',
  'context_provider_command_buffer.cc',
  'vaapi_wrapper.cc',
  'angle_platform_impl.cc',
  'vulkan_instance.cc',
  'skia_output_device_x11.cc',
  'x11_software_bitmap_presenter.cc',
  'display_layout_manager.cc',
  'network_service_instance_impl.cc',
];
const line = new RegExp(
  String.raw`^\[\d+:\d{4}/\d{6}\.\d+:(?:ERROR|WARNING):(?:[\w/]*/)?(?:${sources.map((name) => name.replace('.', '\\.')).join('|')})[:(]`,
);

/** Whether a line of standard error is Chromium's talk about this computer, which says nothing to whoever started the app. Pure. */
export const isNoise = (text) => line.test(text) || /^\(electron:\d+\): libnotify-WARNING/.test(text);
